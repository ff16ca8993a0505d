#include "core/methods/segments.h"

#include <vector>

#include "core/error.h"

namespace invseg {
namespace {

/** labels uint8 -> table[labels] uint8; table int64 [256 or fewer] */
at::Tensor look_up(const at::Tensor& labels, const at::Tensor& table) {
  return table.to(at::kByte).index_select(0, labels.flatten().to(at::kLong)).view(labels.sizes());
}

/** The proposals' own labels: no category is a background, and values are compared as they are. */
Prediction label_proposals(const at::Tensor& proposals, LabelOptions options) {
  options.background = BackgroundRule::word;
  options.rescale = false;
  options.strengths = false;
  return label_maps(proposals, options);
}

}  // namespace

Prediction number_segments(const at::Tensor& proposals, LabelOptions options) {
  Prediction result = label_proposals(proposals, options);
  const at::Tensor order = result.areas.argsort(/*stable=*/true, 0, /*descending=*/true);
  const at::Tensor shown = order.narrow(0, 0, result.areas.gt(0).sum().item<int64_t>());
  const at::Tensor table = at::zeros({result.areas.size(0)}, at::kLong).scatter(0, shown, at::arange(shown.size(0)));
  result.labels = look_up(result.labels, table);
  const at::Tensor peaks = proposals[0].amax(0).to(at::kCPU, at::kFloat).clamp_min(1e-30);
  result.scores = (result.scores / peaks).index_select(0, shown);
  result.areas = result.areas.index_select(0, shown);
  if (result.maps.defined())
    result.maps = result.maps.index_select(0, shown) / peaks.index_select(0, shown).view({-1, 1, 1});
  return result;
}

Prediction name_segments(const at::Tensor& proposals, const at::Tensor& categories, const LabelOptions& options) {
  LabelOptions own = options;
  own.maps = false;
  const Prediction voters = label_proposals(proposals, own);
  const at::Tensor& segments = voters.labels;
  Prediction result = label_maps(categories, options);
  const int64_t count = result.areas.size(0), proposal_count = proposals.size(2);
  const at::Tensor pairs = segments.to(at::kLong) * count + result.labels;
  const at::Tensor votes = pairs.flatten().bincount({}, proposal_count * count).view({proposal_count, count});
  const at::Tensor winners = votes.argmax(1);  // [M]
  const at::Tensor won = votes.gather(1, winners.unsqueeze(1)).squeeze(1).to(at::kDouble);
  const at::Tensor zeros = at::zeros({count}, at::kDouble);
  result.labels = look_up(segments, winners);
  result.areas = zeros.scatter_add(0, winners, votes.sum(1).to(at::kDouble));
  // Votes are counts and always finite: without this, maps that are not would give a mask like any other.
  const at::Tensor sound = (voters.scores.sum() + result.scores.sum()) * 0;
  result.scores = (zeros.scatter_add(0, winners, won) / result.areas.clamp_min(1)).to(at::kFloat) + sound;
  return result;
}

}  // namespace invseg
