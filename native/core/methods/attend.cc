#include "core/methods/attend.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/maps/aggregate.h"

namespace invseg {

Attention attend(
    Engine& engine, const at::Tensor& noised, const at::Tensor& timestep, const at::Tensor& embedding,
    const MapSelection& selection, bool self, int64_t frame) {
  at::NoGradGuard no_grad;
  const int64_t prompts = embedding.size(0);
  const auto reads = [](const std::vector<int64_t>& layers) {
    return std::any_of(layers.begin(), layers.end(), [](int64_t flag) { return flag != 0; });
  };
  const bool read_self = self && reads(selection.self_layers), read_cross = reads(selection.cross_layers);
  std::vector<at::Tensor> cross;
  at::Tensor sum;
  for (int64_t p = 0; p < prompts; ++p) {
    // One prompt after the other: the maps of the finest level alone take a gigabyte while they are made.
    RawMaps maps = engine.read(noised, timestep, embedding.narrow(0, p, 1), selection);
    if (read_cross) cross.push_back(aggregate_cross(maps.cross, selection.cross_weights, frame, selection.cross_scale));
    if (!read_self) continue;
    const at::Tensor own = aggregate_self(maps.self, selection.self_weights, frame);
    sum = sum.defined() ? sum + own : own;
  }
  if (sum.defined() && prompts > 1) sum = sum / static_cast<double>(prompts);
  return {sum, read_cross ? at::cat(cross, 0) : at::Tensor()};
}

Attention attend(Engine& engine, const Image& image, const at::Tensor& embedding, const AttendOptions& options) {
  at::NoGradGuard no_grad;
  engine.check_embedding(embedding);
  options.selection.check(engine.config());
  const int64_t frame = options.frame.value_or(engine.config().latent_size);
  check_shape(frame >= 1, "Expected a frame of at least one point");
  const at::Tensor noised = engine.noised(image, options.timestep, options.noise_seed);
  const at::Tensor timestep =
      at::full({1}, options.timestep, at::TensorOptions().dtype(at::kLong).device(engine.device()));
  return attend(engine, noised, timestep, embedding, options.selection.to(engine.device()), options.self, frame);
}

}  // namespace invseg
