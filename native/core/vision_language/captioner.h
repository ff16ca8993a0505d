#pragma once

#include <vector>

#include "core/vision_language/beam_search.h"
#include "core/vision_language/config.h"
#include "core/vision_language/contrastive.h"

namespace invseg {

/** BLIP: a picture's captions. One thread at a time. */
class Captioner {
 public:
  /** @throws Error see `LoadedModule` */
  Captioner(const CaptionerConfig& config, at::Device device, at::ScalarType dtype, bool finite, WeightFiles& files);

  /** RGB bytes -> states [1, 1 + patches, width] in the model's dtype, after the last LayerNorm. */
  at::Tensor image(const uint8_t* rgb, int64_t width, int64_t height);

  /**
   * One caption a prompt, by beam search.
   *
   * @param prompts token ids of each, the start token first, without an end token
   * @param options `end` is the model's, whatever they say
   */
  std::vector<BeamResult> captions(
      const uint8_t* rgb, int64_t width, int64_t height, const std::vector<std::vector<int64_t>>& prompts,
      BeamOptions options);

 private:
  /** Asks the decoder; `cross` is made in the first call and serves all later ones of the picture. */
  at::Tensor next_logits(
      const at::Tensor& tokens, const at::Tensor& parents, const at::Tensor& states, c10::List<at::Tensor>& cross,
      c10::List<at::Tensor>& past);

  CaptionerConfig config_;
  at::Device device_;
  LoadedModule vision_encoder_;
  LoadedModule text_decoder_;
};

}  // namespace invseg
