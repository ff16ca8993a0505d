#include "core/maps/categories.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace invseg {

void check_spans(const std::vector<CategorySpan>& spans, int64_t prompts, int64_t length) {
  if (spans.empty() || spans.size() > 256) {
    throw Error("INVALID_OPTION", "Expected 1 to 256 categories but received " + std::to_string(spans.size()));
  }
  for (const auto& span : spans) {
    check_shape(
        span.prompt >= 0 && span.prompt < prompts && span.first >= 0 && span.count >= 1 &&
            span.first + span.count <= length,
        "A category's span lies outside the prompt: prompt " + std::to_string(span.prompt) + ", position " +
            std::to_string(span.first) + ", " + std::to_string(span.count) + " sub-tokens");
  }
}

CategoryPicker::CategoryPicker(
    const std::vector<CategorySpan>& spans, SubtokenRule rule, int64_t prompts, int64_t length, at::Device device)
    : prompts_(prompts), spans_(static_cast<int64_t>(spans.size())), rule_(rule) {
  check_spans(spans, prompts, length);
  int64_t longest = 1;
  for (const auto& span : spans) longest = std::max(longest, span.count);
  at::Tensor weights = at::zeros({prompts * length, spans_});
  at::Tensor indices = at::zeros({spans_, longest}, at::kLong);
  for (int64_t c = 0; c < spans_; ++c) {
    const auto& span = spans[static_cast<size_t>(c)];
    const int64_t start = span.prompt * length + span.first;
    const bool last = rule == SubtokenRule::last;
    for (int64_t i = last ? span.count - 1 : 0; i < span.count; ++i) {
      weights[start + i][c] = last ? 1.0 : 1.0 / static_cast<double>(span.count);
    }
    // A shorter span repeats its last sub-token, which changes no maximum.
    for (int64_t i = 0; i < longest; ++i) indices[c][i] = start + std::min(i, span.count - 1);
  }
  weights_ = weights.to(device);
  indices_ = indices.flatten().to(device);
}

at::Tensor CategoryPicker::operator()(const at::Tensor& cross) const {
  const int64_t views = cross.size(0) / prompts_, points = cross.size(1), length = cross.size(2);
  // [V * prompts, N, K] -> [V, N, prompts * K]
  const at::Tensor tokens =
      cross.view({views, prompts_, points, length}).permute({0, 2, 1, 3}).reshape({views, points, prompts_ * length});
  if (rule_ != SubtokenRule::max) return tokens.matmul(weights_);
  return std::get<0>(tokens.index_select(2, indices_).view({views, points, spans_, -1}).max(-1));
}

CategoryPicker CategoryPicker::with(const at::Tensor& weights, const at::Tensor& indices) const {
  CategoryPicker other = *this;
  other.weights_ = weights;
  other.indices_ = indices;
  return other;
}

WordMerger WordMerger::with(const at::Tensor& indices) const {
  WordMerger other = *this;
  other.indices_ = indices;
  return other;
}

WordMerger::WordMerger(const std::vector<int64_t>& groups, at::Device device)
    : spans_(static_cast<int64_t>(groups.size())) {
  if (groups.empty()) return;
  categories_ = 1 + *std::max_element(groups.begin(), groups.end());
  std::vector<std::vector<int64_t>> members(static_cast<size_t>(std::clamp<int64_t>(categories_, 1, 256)));
  for (size_t i = 0; i < groups.size(); ++i) {
    check_shape(groups[i] >= 0 && groups[i] < 256, "Expected categories from 0 to 255 for groups");
    members[static_cast<size_t>(groups[i])].push_back(static_cast<int64_t>(i));
  }
  size_t longest = 0;
  for (const auto& group : members) {
    check_shape(!group.empty(), "Expected a span for every category of groups");
    longest = std::max(longest, group.size());
  }
  std::vector<int64_t> flat;
  for (const auto& group : members) {
    // A smaller group repeats its last word, which changes no maximum.
    for (size_t i = 0; i < longest; ++i) flat.push_back(group[std::min(i, group.size() - 1)]);
  }
  if (longest > 1) indices_ = at::tensor(flat, at::kLong).to(device);
}

at::Tensor WordMerger::operator()(const at::Tensor& maps) const {
  if (!indices_.defined()) return maps;
  check_shape(maps.size(2) == spans_, "Expected one map a word");
  return std::get<0>(maps.index_select(2, indices_).view({maps.size(0), maps.size(1), categories_, -1}).max(-1));
}

}  // namespace invseg
