#include "core/methods/attend.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "core/error.h"
#include "core/maps/aggregate.h"

namespace invseg {

namespace {

/** The aggregated cross-attention; `take` is given each prompt's self-attention maps where they are read. */
at::Tensor pass(
    Engine& engine, const at::Tensor& noised, const at::Tensor& timestep, const at::Tensor& embedding,
    const MapSelection& selection, bool self, int64_t frame,
    const std::function<void(const std::vector<at::Tensor>&)>& take) {
  at::NoGradGuard no_grad;
  const auto reads = [](const std::vector<int64_t>& layers) {
    return std::any_of(layers.begin(), layers.end(), [](int64_t flag) { return flag != 0; });
  };
  const bool read_self = self && reads(selection.self_layers), read_cross = reads(selection.cross_layers);
  std::vector<at::Tensor> cross;
  for (int64_t p = 0; p < embedding.size(0); ++p) {
    // One prompt after the other: the maps of the finest level alone take a gigabyte while they are made.
    RawMaps maps = engine.read(noised, timestep, embedding.narrow(0, p, 1), selection);
    if (read_cross) cross.push_back(aggregate_cross(maps.cross, selection.cross_weights, frame, selection.cross_scale));
    if (read_self) take(maps.self);
  }
  return read_cross ? at::cat(cross, 0) : at::Tensor();
}

}  // namespace

Attention attend(
    Engine& engine, const at::Tensor& noised, const at::Tensor& timestep, const at::Tensor& embedding,
    const MapSelection& selection, bool self, int64_t frame) {
  at::NoGradGuard no_grad;
  const int64_t prompts = embedding.size(0);
  at::Tensor sum;
  const at::Tensor cross = pass(engine, noised, timestep, embedding, selection, self, frame, [&](const auto& maps) {
    const at::Tensor own = aggregate_self(maps, selection.self_weights, frame);
    sum = sum.defined() ? sum + own : own;
  });
  if (sum.defined() && prompts > 1) sum = sum / static_cast<double>(prompts);
  return {sum, cross};
}

AppliedAttention attend_applied(
    Engine& engine, const at::Tensor& noised, const at::Tensor& timestep, const at::Tensor& embedding,
    const MapSelection& selection, bool self, int64_t frame) {
  at::NoGradGuard no_grad;
  AppliedAttention result{SelfAttention(selection.self_weights, frame, embedding.size(0)), {}};
  result.cross = pass(
      engine, noised, timestep, embedding, selection, self, frame, [&](const auto& maps) { result.self.add(maps); });
  return result;
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
