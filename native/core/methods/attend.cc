#include "core/methods/attend.h"

#include <algorithm>
#include <vector>

#include "core/maps/aggregate.h"

namespace invseg {

Attention attend(Engine& engine, const Image& image, const at::Tensor& embedding, const AttendOptions& options) {
  at::NoGradGuard no_grad;
  engine.check_embedding(embedding);
  const int64_t frame = engine.config().latent_size, prompts = embedding.size(0);
  const MapSelection& selection = options.selection;
  const auto reads = [](const std::vector<int64_t>& layers) {
    return std::any_of(layers.begin(), layers.end(), [](int64_t flag) { return flag != 0; });
  };
  const bool read_self = options.self && reads(selection.self_layers), read_cross = reads(selection.cross_layers);
  std::vector<at::Tensor> cross;
  at::Tensor self;
  for (int64_t p = 0; p < prompts; ++p) {
    // One prompt after the other: the maps of the finest level alone take a gigabyte while they are made.
    RawMaps maps =
        engine.read_image(image, embedding.narrow(0, p, 1), selection, options.timestep, options.noise_seed);
    if (read_cross) cross.push_back(aggregate_cross(maps.cross, selection.cross_weights, frame, selection.cross_scale));
    if (!read_self) continue;
    const at::Tensor own = aggregate_self(maps.self, selection.self_weights, frame);
    self = self.defined() ? self + own : own;
  }
  if (self.defined() && prompts > 1) self = self / static_cast<double>(prompts);
  return {self, read_cross ? at::cat(cross, 0) : at::Tensor()};
}

}  // namespace invseg
