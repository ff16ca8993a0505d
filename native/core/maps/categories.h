#pragma once

#include <cstdint>
#include <string>
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

/**
 * What the shapes of a step depend on through its names alone. Images whose names have one shape share a captured step, and
 * names can be filled up to a larger one: what is beyond their own is computed and read by nobody.
 */
struct NameShape {
  int64_t spans = 0;
  int64_t categories = 0;     ///< that the spans are joined to; as many where nothing is joined
  int64_t longest_span = 1;   ///< sub-tokens, where their number decides a shape: with `SubtokenRule::max`
  int64_t longest_group = 1;  ///< words that are joined to one category

  /** @param groups as `WordMerger` takes them @throws Error `SHAPE_MISMATCH` for groups that are no numbers of categories */
  static NameShape of(const std::vector<CategorySpan>& spans, SubtokenRule rule, const std::vector<int64_t>& groups);

  /** The least that holds both. */
  NameShape with(const NameShape& other) const;

  /** Each number raised to the next of a few, so that few shapes are left. */
  NameShape filled() const;

  bool operator==(const NameShape& other) const = default;
  /** As text, for a key. */
  std::string key() const;
};

/** Cross-attention of tokens -> one map a name. What it reads lies on the device: no shape and no copy depends on data. */
class CategoryPicker {
 public:
  CategoryPicker() = default;
  /** @param shape at least that of the spans @throws Error see `check_spans` */
  CategoryPicker(
      const std::vector<CategorySpan>& spans, SubtokenRule rule, int64_t prompts, int64_t length, at::Device device,
      const NameShape& shape);
  CategoryPicker(
      const std::vector<CategorySpan>& spans, SubtokenRule rule, int64_t prompts, int64_t length, at::Device device);

  /** cross [V * prompts, N, K] -> [V, N, shape's spans], each from its own prompt */
  at::Tensor operator()(const at::Tensor& cross) const;

  /** What depends on the spans, and the same picker over other tensors of those shapes: a captured step has its own. */
  const at::Tensor& weights() const { return weights_; }  ///< undefined with `SubtokenRule::max`
  const at::Tensor& indices() const { return indices_; }  ///< undefined with the others
  CategoryPicker with(const at::Tensor& weights, const at::Tensor& indices) const;

 private:
  int64_t prompts_ = 1;
  int64_t spans_ = 0;
  SubtokenRule rule_ = SubtokenRule::mean;
  at::Tensor weights_;  // [prompts * K, spans], mean and last
  at::Tensor indices_;  // [spans * longest span] into prompts * K, max
};

/**
 * Joins the maps of several words of one category, such as the words that describe a background, by their maximum. Where each
 * category has one word, maps stay in the order of the words.
 */
class WordMerger {
 public:
  /** Leaves maps as they are. */
  WordMerger() = default;
  /**
   * @param groups [spans] category of each span; every category from 0 to the largest has a span
   * @throws Error `SHAPE_MISMATCH` for a category without a span
   */
  WordMerger(const std::vector<int64_t>& groups, at::Device device);
  /** @param shape at least that of the groups */
  WordMerger(const std::vector<int64_t>& groups, at::Device device, const NameShape& shape);

  /** maps [B, N, shape's spans] -> [B, N, shape's categories] */
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
