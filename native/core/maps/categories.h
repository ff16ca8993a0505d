#pragma once

#include <cstdint>
#include <vector>

#include <torch/script.h>

namespace invseg {

/** Where the tokens of one name lie. */
struct CategorySpan {
  int64_t prompt = 0;
  int64_t first = 0;  ///< position of the first sub-token
  int64_t count = 1;
};

/** One map of several sub-tokens. */
enum class SubtokenRule { mean, last, max };

/** @throws Error `INVALID_OPTION` for no span or more than 256, `SHAPE_MISMATCH` for one outside the prompts */
void check_spans(const std::vector<CategorySpan>& spans, int64_t prompts, int64_t length);

/** Cross-attention of tokens -> one map a name. What it reads lies on the device: no shape and no copy depends on data. */
class CategoryPicker {
 public:
  CategoryPicker() = default;
  /** @throws Error see `check_spans` */
  CategoryPicker(
      const std::vector<CategorySpan>& spans, SubtokenRule rule, int64_t prompts, int64_t length, at::Device device);

  /** cross [V * prompts, N, K] -> [V, N, spans], each from its own prompt */
  at::Tensor operator()(const at::Tensor& cross) const;

  /** What depends on the spans, and the same picker over other tensors of those shapes: a captured step has its own. */
  const at::Tensor& weights() const { return weights_; }
  const at::Tensor& indices() const { return indices_; }
  CategoryPicker with(const at::Tensor& weights, const at::Tensor& indices) const;

 private:
  int64_t prompts_ = 1;
  int64_t spans_ = 0;
  SubtokenRule rule_ = SubtokenRule::mean;
  at::Tensor weights_;  // [prompts * K, spans], mean and last
  at::Tensor indices_;  // [spans * longest span] into prompts * K, max
};

/** Joins the maps of several words of one category, such as the words that describe a background, by their maximum. */
class WordMerger {
 public:
  /** Leaves maps as they are. */
  WordMerger() = default;
  /**
   * @param groups [spans] category of each span; every category from 0 to the largest has a span
   * @throws Error `SHAPE_MISMATCH` for a category without a span
   */
  WordMerger(const std::vector<int64_t>& groups, at::Device device);

  /** maps [B, N, spans] -> [B, N, C] */
  at::Tensor operator()(const at::Tensor& maps) const;

  /** Undefined where nothing is joined. */
  const at::Tensor& indices() const { return indices_; }
  WordMerger with(const at::Tensor& indices) const;

 private:
  int64_t spans_ = 0;
  int64_t categories_ = 0;
  at::Tensor indices_;  // [C * longest group] into the spans; undefined where nothing is joined
};

}  // namespace invseg
