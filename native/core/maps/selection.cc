#include "core/maps/selection.h"

#include <algorithm>

#include "core/error.h"

namespace invseg {

MapSelection MapSelection::to(at::Device device) const {
  MapSelection moved = *this;
  moved.self_heads = self_heads.to(device);
  moved.cross_heads = cross_heads.to(device);
  return moved;
}

void MapSelection::check(const EngineConfig& config) const {
  const auto layers = static_cast<int64_t>(config.layers.size());
  const auto expect = [](const std::string& what, int64_t wanted, int64_t received) {
    check_shape(
        wanted == received,
        "Expected " + std::to_string(wanted) + " entries for " + what + " but received " + std::to_string(received));
  };
  expect("selfLayers", layers, static_cast<int64_t>(self_layers.size()));
  expect("crossLayers", layers, static_cast<int64_t>(cross_layers.size()));
  expect("selfHeads", layers * config.max_heads(), self_heads.numel());
  expect("crossHeads", layers * config.max_heads(), cross_heads.numel());
  expect("selfWeights", config.levels(), static_cast<int64_t>(self_weights.size()));
  expect("crossWeights", config.levels(), static_cast<int64_t>(cross_weights.size()));
  const auto any = [](const std::vector<int64_t>& flags) {
    return std::any_of(flags.begin(), flags.end(), [](int64_t flag) { return flag != 0; });
  };
  if (!any(self_layers) && !any(cross_layers)) {
    throw Error("INVALID_OPTION", "The map selection reads no layer: choose at least one attention layer");
  }
}

}  // namespace invseg
