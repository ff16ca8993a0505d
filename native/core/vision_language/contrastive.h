#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/weights.h"
#include "core/vision_language/config.h"

namespace invseg {

/** Mappings of weight files by path, shared by the modules of one engine. */
using WeightFiles = std::map<std::string, std::shared_ptr<MappedFile>>;

/** Texts as token ids. */
struct TokenizedTexts {
  std::vector<int64_t> ids;   ///< [texts * length]: start token, sub-tokens, end token, whatever
  int64_t length = 0;         ///< positions of each; the longest text's, the model's positions at most
  std::vector<int64_t> ends;  ///< [texts] position of the end token
};

/** CLIP: pictures and texts into one space. One thread at a time. */
class Contrastive {
 public:
  /** @throws Error see `LoadedModule` */
  Contrastive(
      const ContrastiveConfig& config, at::Device device, at::ScalarType dtype, bool finite, WeightFiles& files);

  /** RGB bytes -> states [1 + patches, width] before the last LayerNorm and embedding [projection] of length 1, float32. */
  std::pair<at::Tensor, at::Tensor> image(const uint8_t* rgb, int64_t width, int64_t height);

  /** -> states [texts, length, width] after the last LayerNorm and embeddings [texts, projection] of length 1, float32. */
  std::pair<at::Tensor, at::Tensor> texts(const TokenizedTexts& texts);

  /** -> [texts, width] float32, the mean of the states between start and end token. */
  at::Tensor word_states(const TokenizedTexts& texts);

 private:
  void check(const TokenizedTexts& texts) const;

  ContrastiveConfig config_;
  at::Device device_;
  LoadedModule image_encoder_;
  LoadedModule text_encoder_;
};

}  // namespace invseg
