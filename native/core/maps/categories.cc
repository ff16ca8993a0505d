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

namespace {

/** Members of each category, in their order. */
std::vector<std::vector<int64_t>> members_of(const std::vector<int64_t>& groups) {
  const int64_t categories = groups.empty() ? 0 : 1 + *std::max_element(groups.begin(), groups.end());
  std::vector<std::vector<int64_t>> members(static_cast<size_t>(std::clamp<int64_t>(categories, 0, 256)));
  for (size_t i = 0; i < groups.size(); ++i) {
    check_shape(groups[i] >= 0 && groups[i] < 256, "Expected categories from 0 to 255 for groups");
    members[static_cast<size_t>(groups[i])].push_back(static_cast<int64_t>(i));
  }
  for (const auto& group : members) check_shape(!group.empty(), "Expected a span for every category of groups");
  return members;
}

int64_t longest_of(const std::vector<std::vector<int64_t>>& members) {
  size_t longest = 1;
  for (const auto& group : members) longest = std::max(longest, group.size());
  return static_cast<int64_t>(longest);
}

/** The next power of two. */
int64_t raised(int64_t number) {
  int64_t result = 1;
  while (result < number) result *= 2;
  return result;
}

/** 3, 7, 15 and so on: the prediction multiplies one plane more, and its kernel takes 4, 8, 16 or 32 at once. */
int64_t filled_number(int64_t number) { return raised(std::max<int64_t>(number, 3) + 1) - 1; }

}  // namespace

NameShape NameShape::of(const std::vector<CategorySpan>& spans, SubtokenRule rule, const std::vector<int64_t>& groups) {
  const auto members = members_of(groups);
  NameShape shape;
  shape.spans = static_cast<int64_t>(spans.size());
  shape.longest_group = longest_of(members);
  shape.categories = shape.longest_group > 1 ? static_cast<int64_t>(members.size()) : shape.spans;
  if (rule == SubtokenRule::max) {
    for (const auto& span : spans) shape.longest_span = std::max(shape.longest_span, span.count);
  }
  return shape;
}

NameShape NameShape::with(const NameShape& other) const {
  NameShape both{
      std::max(spans, other.spans), std::max(categories, other.categories), std::max(longest_span, other.longest_span),
      std::max(longest_group, other.longest_group)};
  if (both.longest_group == 1) both.categories = both.spans;
  return both;
}

NameShape NameShape::filled() const {
  NameShape result{filled_number(spans), filled_number(categories), raised(longest_span), raised(longest_group)};
  if (longest_group == 1) result.categories = result.spans;
  return result;
}

std::string NameShape::key() const {
  std::string text;
  for (const int64_t number : {spans, categories, longest_span, longest_group}) text += ';' + std::to_string(number);
  return text;
}

CategoryPicker::CategoryPicker(
    const std::vector<CategorySpan>& spans, SubtokenRule rule, int64_t prompts, int64_t length, at::Device device)
    : CategoryPicker(spans, rule, prompts, length, device, NameShape::of(spans, rule, {})) {}

CategoryPicker::CategoryPicker(
    const std::vector<CategorySpan>& spans, SubtokenRule rule, int64_t prompts, int64_t length, at::Device device,
    const NameShape& shape)
    : prompts_(prompts), spans_(shape.spans), rule_(rule) {
  check_spans(spans, prompts, length);
  const auto start_of = [&](const CategorySpan& span) { return span.prompt * length + span.first; };
  if (rule == SubtokenRule::max) {
    // A shorter span repeats its last sub-token, which changes no maximum.
    std::vector<int64_t> indices;
    for (const auto& span : spans) {
      for (int64_t i = 0; i < shape.longest_span; ++i) indices.push_back(start_of(span) + std::min(i, span.count - 1));
    }
    indices.resize(static_cast<size_t>(spans_ * shape.longest_span));
    indices_ = at::tensor(indices, at::kLong).to(device);
    return;
  }
  at::Tensor weights = at::zeros({prompts * length, spans_});
  const bool last = rule == SubtokenRule::last;
  for (size_t c = 0; c < spans.size(); ++c) {
    const auto& span = spans[c];
    for (int64_t i = last ? span.count - 1 : 0; i < span.count; ++i) {
      weights[start_of(span) + i][static_cast<int64_t>(c)] = last ? 1.0 : 1.0 / static_cast<double>(span.count);
    }
  }
  weights_ = weights.to(device);
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
    : WordMerger(groups, device, NameShape::of(std::vector<CategorySpan>(groups.size()), SubtokenRule::mean, groups)) {}

WordMerger::WordMerger(const std::vector<int64_t>& groups, at::Device device, const NameShape& shape)
    : spans_(shape.spans), categories_(shape.categories) {
  if (groups.empty() || shape.longest_group == 1) return;
  std::vector<int64_t> indices;
  for (const auto& group : members_of(groups)) {
    // A smaller group repeats its last word, which changes no maximum.
    for (size_t i = 0; i < static_cast<size_t>(shape.longest_group); ++i) {
      indices.push_back(group[std::min(i, group.size() - 1)]);
    }
  }
  indices.resize(static_cast<size_t>(categories_ * shape.longest_group));
  indices_ = at::tensor(indices, at::kLong).to(device);
}

at::Tensor WordMerger::operator()(const at::Tensor& maps) const {
  if (!indices_.defined()) return maps;
  check_shape(maps.size(2) == spans_, "Expected one map a word");
  return std::get<0>(maps.index_select(2, indices_).view({maps.size(0), maps.size(1), categories_, -1}).max(-1));
}

}  // namespace invseg
