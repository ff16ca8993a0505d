#pragma once

#include <cstdint>
#include <vector>

#include <torch/script.h>

#include "core/engine/config.h"
#include "core/maps/aggregate.h"

namespace invseg {

/** Which maps a pass reads and how they are combined: `NativeMapSelection` of `lib/native/binding.ts`. */
struct MapSelection {
  std::vector<int64_t> self_layers;   ///< [layers] 1 where the self-attention map is read
  std::vector<int64_t> cross_layers;  ///< [layers]
  at::Tensor self_heads;              ///< [layers, max heads] float32; over one level the read weights sum to 1
  at::Tensor cross_heads;             ///< [layers, max heads]
  std::vector<double> self_weights;   ///< [levels] used as given
  std::vector<double> cross_weights;  ///< [levels]
  CrossScale cross_scale = CrossScale::none;

  /** The same selection with its tensors on `device`. */
  MapSelection to(at::Device device) const;

  /** @throws Error `SHAPE_MISMATCH` when a length differs from the engine's, `INVALID_OPTION` when nothing is read. */
  void check(const EngineConfig& config) const;
};

}  // namespace invseg
