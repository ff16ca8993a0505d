#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/script.h>

#include "core/engine/engine.h"
#include "core/inversion/options.h"
#include "core/inversion/step_loss.h"

namespace invseg {

/**
 * The test-time inversion of one picture: an embedding, its Adam state and the steps that were planned.
 *
 * A step is one forward and backward pass over its views and one update. It shapes nothing by data and asks the device
 * for nothing before its end: timesteps, noise, boxes, spans and optimizer state are tensors, so that on CUDA a step is one
 * graph. What the steps see is known before the first of them: their views are encoded ahead, many at once.
 */
class Inversion {
 public:
  /**
   * @param engine outlives nothing: shared with its other users
   * @param embedding [prompts, K, width]; copied, the caller's stays as it is
   * @throws Error `SHAPE_MISMATCH`, `INVALID_OPTION`
   */
  Inversion(std::shared_ptr<Engine> engine, Image image, const at::Tensor& embedding, InversionOptions options);

  /**
   * Replaces the steps that are still to come. On a GPU the views of the first of them are encoded here.
   *
   * @return milliseconds, the device's work included
   * @throws Error `SHAPE_MISMATCH` no view, boxes that are not four a view, or no boxes and nothing to reuse; `INVALID_OPTION` a
   *         box outside the picture or a timestep outside the schedule
   */
  double plan(std::vector<StepInput> steps);

  /** Steps that are still to come. */
  int64_t planned() const { return static_cast<int64_t>(steps_.size()) - next_; }

  /**
   * The next planned step. A loss or gradient that is not finite changes nothing and is reported (`finite`).
   * @throws Error `SHAPE_MISMATCH` when none is planned
   */
  StepResult step();

  /**
   * The next planned steps of several images in one pass, each with its own loss, update and refusal: what one at a time would
   * give, but for rounding.
   *
   * Several steps are given to the device without waiting for it in between. Steps after one that is not finite are not made, or
   * made and forgotten. What throws, as where memory runs out, leaves every image as it was: it can be made again.
   *
   * @param most steps, at least 1; fewer are made where fewer are planned or have their views at hand, and of many images
   * @return for each image its steps, at least one, the last of them perhaps not finite. An image's durations add up to the
   *   call's
   * @throws Error `SHAPE_MISMATCH` when one has no step planned, or when engines, views or options other than the names' spans differ
   */
  static std::vector<std::vector<StepResult>> steps_together(const std::vector<Inversion*>& images, int64_t most);

  /** One step of several images, a result each. */
  static std::vector<StepResult> step_together(const std::vector<Inversion*>& images);

  /** Plans one step and makes it. */
  StepResult step(const StepInput& input);

  /** Labels of the whole picture with the embedding as learnt so far; makes no graph. */
  Prediction predict(const PredictOptions& options);

  /** [prompts, K, width] float32 as learnt so far, on the engine's device. */
  at::Tensor embedding() const { return state_.parameter; }

 private:
  /** What one step sees, on the device. */
  struct Views {
    at::Tensor boxes;      // [V, 4]
    at::Tensor latents;    // [V, c, h, w]
    at::Tensor noise;      // [V, c, h, w]
    at::Tensor timesteps;  // int64 [V]
  };

  /** The names on the device. */
  struct Names {
    NameShape shape;
    bool filled = false;  // up to a shape that is not their own: then the loss is told how many categories there are
    CategoryPicker pick;
    WordMerger merge;
    at::Tensor count;  // int32 [1]: how many categories are the image's own
  };

  /** What names of `shape`, those of one image or of all that make a step together, are filled up to, if they are. */
  std::optional<NameShape> filled(const NameShape& shape) const;
  /** In their own shape without one. */
  const Names& names(const std::optional<NameShape>& filled);
  /** Makes `Views` of the steps from `next_` on, as many as the encoder takes at once. */
  void open_views();
  /** What a step of this image from `state` on `views` reads: all of it may change from step to step and image to image. */
  std::vector<at::Tensor> inputs(const AdamState& state, const Views& views) const;
  /** From the maps of this image's views; `own` is `inputs(state, views)` or a graph's copies of it. */
  StepLoss losses(const RawMaps& maps, const std::vector<at::Tensor>& own) const;
  /**
   * One step of all images. `tensors`: the inputs of each, then the weights of the heads.
   * @return for each image [7] float64 (loss, cluster, entropy, intra, inter, gradient norm, finite) and the next state
   */
  static std::vector<at::Tensor> update(const std::vector<Inversion*>& images, const std::vector<at::Tensor>& tensors);

  std::shared_ptr<Engine> engine_;
  Image image_;
  InversionOptions options_;
  std::string key_;  // all options that are no tensors and that images of one step share
  int64_t prompts_;
  NameShape shape_;     // of the names as they are
  int64_t categories_;  // likewise
  AdamState state_;
  at::Tensor trainable_;  // [prompts, K, 1]
  Names names_;           // as they were asked for last
  std::vector<StepInput> steps_;
  int64_t next_ = 0;
  std::deque<Views> ready_;  // of the steps from next_ on
  Views last_;               // of the step that was made last
};

}  // namespace invseg
