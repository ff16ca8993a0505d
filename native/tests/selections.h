#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "core/maps/selection.h"

/** Reads every layer of each level whose weight is not 0, uniformly over the level's layers and heads. */
inline invseg::MapSelection select_levels(
    const invseg::EngineConfig& config, std::vector<double> self, std::vector<double> cross) {
  invseg::MapSelection selection;
  const auto layers = static_cast<int64_t>(config.layers.size());
  selection.self_heads = at::zeros({layers, config.max_heads()});
  selection.cross_heads = at::zeros({layers, config.max_heads()});
  for (int64_t i = 0; i < layers; ++i) {
    const auto& layer = config.layers[static_cast<size_t>(i)];
    const auto level = static_cast<size_t>(layer.level);
    const auto peers = std::count_if(config.layers.begin(), config.layers.end(), [&](const invseg::LayerConfig& other) {
      return other.level == layer.level;
    });
    const double weight = 1.0 / static_cast<double>(peers * layer.heads);
    selection.self_layers.push_back(self[level] != 0);
    selection.cross_layers.push_back(cross[level] != 0);
    if (self[level] != 0) selection.self_heads[i].narrow(0, 0, layer.heads).fill_(weight);
    if (cross[level] != 0) selection.cross_heads[i].narrow(0, 0, layer.heads).fill_(weight);
  }
  selection.self_weights = std::move(self);
  selection.cross_weights = std::move(cross);
  return selection;
}
