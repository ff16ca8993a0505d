#pragma once

#include <cstdint>
#include <optional>

#include <torch/script.h>

#include "core/engine/engine.h"
#include "core/maps/self_attention.h"

namespace invseg {

/** One pass over the whole picture, or one a prompt. */
struct AttendOptions {
  MapSelection selection;
  int64_t timestep = 50;
  std::optional<uint64_t> noise_seed;  ///< without one the latent is read as it is
  bool self = true;                    ///< false leaves the self-attention out, which is most of the memory
  std::optional<int64_t> frame;        ///< side of the frame, at least 1; without one the latent's
};

/** Aggregated attention in one frame of N points, on the engine's device; undefined where nothing is read. */
struct Attention {
  at::Tensor self;   ///< [1, N, N] float32, the mean over the prompts
  at::Tensor cross;  ///< [P, N, K] float32
};

/**
 * The same of a latent that has its noise, [1, c, h, w], at a timestep, int64 [1]; waits for nothing, so that it can be captured.
 *
 * @param self whether the self-attention is read
 * @param frame side of the frame
 */
Attention attend(
    Engine& engine, const at::Tensor& noised, const at::Tensor& timestep, const at::Tensor& embedding,
    const MapSelection& selection, bool self, int64_t frame);

/** `Attention` whose self-attention is only ever applied to a few columns. */
struct AppliedAttention {
  SelfAttention self;  ///< applies to nothing where nothing is read
  at::Tensor cross;    ///< [P, N, K] float32
};

/** As `attend`, for a caller that needs products with the self-attention and not the matrix [N, N] itself. */
AppliedAttention attend_applied(
    Engine& engine, const at::Tensor& noised, const at::Tensor& timestep, const at::Tensor& embedding,
    const MapSelection& selection, bool self, int64_t frame);

/** @param embedding [P, K, width]; makes no graph. @throws Error `SHAPE_MISMATCH` a frame of no point; see `Engine::read_image` */
Attention attend(Engine& engine, const Image& image, const at::Tensor& embedding, const AttendOptions& options);

}  // namespace invseg
