#include "core/engine/config.h"

#include <algorithm>

namespace invseg {

int64_t EngineConfig::levels() const {
  int64_t highest = -1;
  for (const auto& layer : layers) highest = std::max(highest, layer.level);
  return highest + 1;
}

int64_t EngineConfig::max_heads() const {
  int64_t most = 0;
  for (const auto& layer : layers) most = std::max(most, layer.heads);
  return most;
}

int64_t EngineConfig::level_side(int64_t level) const {
  int64_t side = latent_size;
  for (int64_t i = 0; i < level; ++i) side = (side + 1) / 2;
  return side;
}

}  // namespace invseg
