#include "core/vision_language/contrastive.h"

#include <algorithm>

#include "core/error.h"
#include "core/vision_language/picture.h"

namespace invseg {
namespace {

/** Texts a pass: enough to fill the device, few enough that a vocabulary of thousands stays small. */
constexpr int64_t kBatch = 64;

at::Tensor unit(const at::Tensor& embeddings) {
  const at::Tensor wide = embeddings.to(at::kFloat);
  return wide / wide.norm(2, {-1}, /*keepdim=*/true);
}

}  // namespace

Contrastive::Contrastive(
    const ContrastiveConfig& config, at::Device device, at::ScalarType dtype, bool finite, WeightFiles& files)
    : config_(config),
      device_(device),
      image_encoder_("image encoder", config.image_encoder, device, dtype, finite, files),
      text_encoder_("text encoder", config.text_encoder, device, dtype, finite, files) {}

std::pair<at::Tensor, at::Tensor> Contrastive::image(const uint8_t* rgb, int64_t width, int64_t height) {
  at::NoGradGuard no_grad;
  const at::Tensor pixels = picture_pixels(rgb, width, height, config_.picture).to(device_);
  const auto output = image_encoder_.forward({pixels}).toTuple();
  return {output->elements()[0].toTensor().to(at::kFloat)[0], unit(output->elements()[1].toTensor())[0]};
}

void Contrastive::check(const TokenizedTexts& texts) const {
  const auto count = static_cast<int64_t>(texts.ends.size());
  check_shape(
      texts.length >= 2 && texts.length <= config_.length &&
          static_cast<int64_t>(texts.ids.size()) == count * texts.length,
      "Expected texts of 2 to " + std::to_string(config_.length) + " tokens");
  for (const int64_t end : texts.ends) {
    check_shape(end >= 1 && end < texts.length, "Expected an end token after the start token of every text");
  }
  const auto table = text_encoder_.parameter_shape("text_model.embeddings.token_embedding.weight");
  for (const int64_t id : texts.ids) {
    // On a CUDA device an index beyond the table would abort the process's context.
    check_shape(
        id >= 0 && (table.empty() || id < table[0]),
        "Token id " + std::to_string(id) + " is outside the model's vocabulary");
  }
}

std::pair<at::Tensor, at::Tensor> Contrastive::texts(const TokenizedTexts& texts) {
  at::NoGradGuard no_grad;
  check(texts);
  const auto count = static_cast<int64_t>(texts.ends.size());
  const at::Tensor ids = at::tensor(texts.ids, at::kLong).view({count, texts.length});
  const at::Tensor ends = at::tensor(texts.ends, at::kLong);
  std::vector<at::Tensor> states, embeddings;
  for (int64_t begin = 0; begin < count; begin += kBatch) {
    const int64_t size = std::min(kBatch, count - begin);
    const auto rows = [&](const at::Tensor& all) { return all.narrow(0, begin, size).to(device_); };
    const auto output = text_encoder_.forward({rows(ids), rows(ends)}).toTuple();
    states.push_back(output->elements()[0].toTensor().to(at::kFloat));
    embeddings.push_back(unit(output->elements()[1].toTensor()));
  }
  return {at::cat(states), at::cat(embeddings)};
}

at::Tensor Contrastive::word_states(const TokenizedTexts& texts) {
  at::NoGradGuard no_grad;
  for (const int64_t end : texts.ends) check_shape(end >= 2, "Expected a word of at least one token");
  const at::Tensor states = this->texts(texts).first;                                       // [n, K, W]
  const at::Tensor ends = at::tensor(texts.ends, at::kLong).to(device_).unsqueeze(1);       // [n, 1]
  const at::Tensor positions = at::arange(texts.length, ends.options()).unsqueeze(0);       // [1, K]
  const at::Tensor inside = (positions >= 1).logical_and(positions < ends).to(at::kFloat);  // [n, K]
  return at::matmul(inside.unsqueeze(1), states).squeeze(1) / (ends - 1).to(at::kFloat);    // [n, W]
}

}  // namespace invseg
