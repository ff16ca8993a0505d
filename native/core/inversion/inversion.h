#pragma once

#include <memory>

#include <torch/script.h>

#include "core/engine/engine.h"
#include "core/inversion/options.h"

namespace invseg {

/**
 * The test-time inversion of one picture: an embedding, its Adam state and the views it sees.
 *
 * A step is one forward and backward pass over its views and one update. It shapes nothing by data and asks the device
 * for nothing before its end: timesteps, noise, boxes, spans and optimizer state are tensors.
 */
class Inversion {
 public:
  /**
   * @param engine outlives nothing: shared with its other users
   * @param embedding [prompts, K, width]; copied, the caller's stays as it is
   * @throws Error `SHAPE_MISMATCH`, `INVALID_OPTION`
   */
  Inversion(std::shared_ptr<Engine> engine, Image image, const at::Tensor& embedding, InversionOptions options);

  /** One Adam step. A loss or gradient that is not finite changes nothing and is reported (`finite`). */
  StepResult step(const StepInput& input);

  /** Labels of the whole picture with the embedding as learnt so far; makes no graph. */
  Prediction predict(const PredictOptions& options);

  /** [prompts, K, width] float32 as learnt so far, on the engine's device. */
  at::Tensor embedding() const { return state_.parameter; }

 private:
  struct Views {
    at::Tensor boxes;    // [V, 4]
    at::Tensor latents;  // [V, c, h, w]
  };
  /** What a step computes on the device: the scalars of `StepResult` as one tensor, and the next state. */
  struct Update {
    at::Tensor scalars;  // [7] float64: loss, cluster, entropy, intra, inter, gradient norm, finite
    AdamState state;
  };

  Views open_views(const StepInput& input, at::Generator& generator);
  Update update(const at::Tensor& noised, const at::Tensor& timesteps, const at::Tensor& boxes) const;
  /** cross [V * prompts, N, K] -> category maps [V, N, C], each from its own prompt. */
  at::Tensor pick_categories(const at::Tensor& cross) const { return merge_(pick_(cross)); }

  std::shared_ptr<Engine> engine_;
  Image image_;
  InversionOptions options_;
  int64_t prompts_;
  AdamState state_;
  at::Tensor trainable_;  // [prompts, K, 1]
  CategoryPicker pick_;
  WordMerger merge_;
  Views views_;
};

}  // namespace invseg
