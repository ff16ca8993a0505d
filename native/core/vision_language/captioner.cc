#include "core/vision_language/captioner.h"

#include "core/error.h"
#include "core/vision_language/picture.h"

namespace invseg {

Captioner::Captioner(
    const CaptionerConfig& config, at::Device device, at::ScalarType dtype, bool finite, WeightFiles& files)
    : config_(config),
      device_(device),
      vision_encoder_("vision encoder", config.vision_encoder, device, dtype, finite, files),
      text_decoder_("text decoder", config.text_decoder, device, dtype, finite, files) {}

at::Tensor Captioner::image(const uint8_t* rgb, int64_t width, int64_t height) {
  at::NoGradGuard no_grad;
  return vision_encoder_.forward({picture_pixels(rgb, width, height, config_.picture).to(device_)}).toTensor();
}

at::Tensor Captioner::next_logits(
    const at::Tensor& tokens, const at::Tensor& parents, const at::Tensor& states, c10::List<at::Tensor>& cross,
    c10::List<at::Tensor>& past) {
  if (parents.defined()) {
    const at::Tensor rows = parents.to(device_);
    c10::List<at::Tensor> chosen;
    for (const at::Tensor& tensor : past.vec()) chosen.push_back(tensor.index_select(0, rows));
    past = chosen;
  }
  const auto output = text_decoder_.forward({tokens.to(device_), states, cross, past, /*every=*/false}).toTuple();
  cross = output->elements()[1].toTensorList();
  past = output->elements()[2].toTensorList();
  const at::Tensor logits = output->elements()[0].toTensor();
  check_shape(logits.dim() == 3 && logits.size(1) == 1, "The text decoder returned logits of another shape");
  return logits.select(1, 0);
}

std::vector<BeamResult> Captioner::captions(
    const uint8_t* rgb, int64_t width, int64_t height, const std::vector<std::vector<int64_t>>& prompts,
    BeamOptions options) {
  at::NoGradGuard no_grad;
  if (options.beams < 1 || options.max_length < 2 || options.max_length > config_.length) {
    throw Error(
        "INVALID_OPTION",
        "Expected at least one beam and captions of 2 to " + std::to_string(config_.length) + " tokens");
  }
  const auto table = text_decoder_.parameter_shape("text_decoder.bert.embeddings.word_embeddings.weight");
  for (const auto& prompt : prompts) {
    for (const int64_t id : prompt) {
      check_shape(
          id >= 0 && (table.empty() || id < table[0]),
          "Token id " + std::to_string(id) + " is outside the model's vocabulary");
    }
  }
  options.end = config_.end;
  const at::Tensor states = image(rgb, width, height);
  c10::List<at::Tensor> cross;
  std::vector<BeamResult> results;
  for (const auto& prompt : prompts) {
    c10::List<at::Tensor> past;
    results.push_back(beam_search(prompt, options, [&](const at::Tensor& tokens, const at::Tensor& parents) {
      return next_logits(tokens, parents, states, cross, past);
    }));
  }
  return results;
}

}  // namespace invseg
