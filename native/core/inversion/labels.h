#pragma once

#include <cstdint>
#include <string>

#include <torch/script.h>

namespace invseg {

/** Where the background comes from. The spellings are those of `lib/native/binding.ts`. */
enum class BackgroundRule {
  word,       ///< it is one of the categories
  threshold,  ///< wherever no category reaches a constant
  complement  ///< wherever (1 - max)^2 of the categories exceeds their maximum
};

/** `NativeLabelOptions` of `lib/native/binding.ts`. */
struct LabelOptions {
  int64_t width = 0;
  int64_t height = 0;
  bool argmax_first = false;  ///< `order` is `argmax-first`
  BackgroundRule background = BackgroundRule::word;
  double threshold = 0;    ///< in [0, 1], of the rule `threshold`
  bool rescale = false;    ///< min-max each category once more, over the picture's own points
  bool maps = false;       ///< return the maps
  bool strengths = false;  ///< return the best category and its value, so that the threshold can change afterwards
};

/** `NativePrediction`; the tensors are contiguous and on the CPU. C counts the background, whatever its rule. */
struct Prediction {
  at::Tensor labels;      ///< uint8 [height, width]
  at::Tensor areas;       ///< float64 [C]
  at::Tensor scores;      ///< float32 [C]
  at::Tensor maps;        ///< float32 [categories with maps, latent_size, latent_size], or undefined
  at::Tensor foreground;  ///< uint8 [height, width] best category without the background's rule, or undefined
  at::Tensor strengths;   ///< float32 [height, width] its value, or undefined
  double milliseconds = 0;
};

/**
 * Labels, areas and scores of a picture of height x width points.
 *
 * Enlarges in bands of rows, so that a large picture with many categories never holds all its enlarged maps. With a rule for
 * the background the label after the last category is the background's.
 *
 * @param maps [C, size, size] float32 in any layout, in [0, 1] where a background's rule looks at them; C <= 256
 */
Prediction label_picture(const at::Tensor& maps, const LabelOptions& options);

/** The same for maps [1, N, C], N a square; with `options.maps` the result holds them. */
Prediction label_maps(const at::Tensor& maps, const LabelOptions& options);

/** @throws Error `INVALID_OPTION` */
BackgroundRule parse_background_rule(const std::string& name);

}  // namespace invseg
