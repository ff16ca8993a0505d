#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/engine/config.h"

namespace invseg {

/** How a model wants its picture: `NativePictureConfig` of `lib/native/binding.ts`. */
struct PictureConfig {
  int64_t size = 224;  ///< side of the square that the model sees
  bool crop = false;   ///< the middle square, the shorter side resized to `size`; else the whole picture is squeezed
  std::array<float, 3> mean{};
  std::array<float, 3> deviation{};
};

/** Two towers into one space (CLIP). */
struct ContrastiveConfig {
  ModuleConfig image_encoder;
  ModuleConfig text_encoder;
  PictureConfig picture;
  int64_t length = 77;  ///< positions of a text, with its start and end tokens
};

/** A picture encoder and a text decoder that reads its states (BLIP). */
struct CaptionerConfig {
  ModuleConfig vision_encoder;
  ModuleConfig text_decoder;
  PictureConfig picture;
  int64_t length = 512;  ///< positions of a text
  int64_t end = 102;     ///< id of the token that ends a caption
};

/** `NativeVisionLanguageConfig` of `lib/native/binding.ts`; a model that is left out is not loaded. */
struct VisionLanguageConfig {
  std::optional<ContrastiveConfig> contrastive;
  std::optional<CaptionerConfig> captioner;
  std::string device = "auto";
  std::string dtype = "auto";
  int64_t threads = 0;
  bool check_finite = true;
};

}  // namespace invseg
