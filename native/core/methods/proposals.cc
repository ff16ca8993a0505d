#include "core/methods/proposals.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/loss/cluster.h"
#include "core/methods/grid.h"

namespace invseg {
namespace {

/** Evenly spaced, as far apart as whole steps allow, centred. */
std::vector<int64_t> anchor_line(int64_t anchors, int64_t side) {
  const int64_t count = std::min(anchors, side), step = count == 1 ? 0 : (side - 1) / (count - 1);
  const int64_t start = (side - 1 - step * (count - 1)) / 2;
  std::vector<int64_t> line;
  for (int64_t i = 0; i < count; ++i) line.push_back(start + i * step);
  return line;
}

/** One greedy round: [M, N] -> [M', N]. */
at::Tensor merge(const at::Tensor& proposals, double threshold) {
  const int64_t count = proposals.size(0);
  const at::Tensor near = symmetric_divergence(proposals, proposals).lt(threshold).cpu();  // [M, M]
  const auto is_near = near.accessor<bool, 2>();
  std::vector<bool> taken(static_cast<size_t>(count), false);
  std::vector<at::Tensor> rows;
  for (int64_t i = 0; i < count; ++i) {
    if (taken[static_cast<size_t>(i)]) continue;
    // The mean is over all that are near, those too that an earlier proposal has taken.
    at::Tensor row = near[i].to(at::kDouble);
    row[i] = 1.0;
    for (int64_t j = 0; j < count; ++j) {
      if (is_near[i][j]) taken[static_cast<size_t>(j)] = true;
    }
    rows.push_back(row / row.sum());
  }
  return at::stack(rows).to(proposals.device()).matmul(proposals);
}

}  // namespace

at::Tensor symmetric_divergence(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor log_a = (a + kLogEps).log(), log_b = (b + kLogEps).log();
  const at::Tensor own_a = (a * log_a).sum(1, true), own_b = (b * log_b).sum(1).unsqueeze(0);
  return (0.5 * (own_a + own_b - a.matmul(log_b.t()) - log_a.matmul(b.t()))).clamp_min(0);
}

at::Tensor find_proposals(const at::Tensor& self, const ProposalOptions& options) {
  const int64_t side = side_of(self);
  check_shape(
      self.size(0) == 1 && self.size(2) == self.size(1),
      "Expected the self-attention [1, points, points] of one picture");
  check_shape(options.anchors >= 1 && options.anchors <= 16, "Expected 1 to 16 anchors along a side");
  check_shape(options.iterations >= 1, "Expected at least one iteration");
  // In float64: a distance near tau decides whether whole proposals merge.
  const at::Tensor maps = self[0].to(at::kDouble);  // [N, N]
  const at::Tensor anchors = maps.index_select(0, raster(anchor_line(options.anchors, side), side, self.device()));
  const at::Tensor near = symmetric_divergence(anchors, maps).lt(options.threshold).to(at::kDouble);  // [M, N]
  at::Tensor proposals = near.matmul(maps) / near.sum(1, true).clamp_min(1);
  for (int64_t i = 1; i < options.iterations; ++i) proposals = merge(proposals, options.threshold);
  return proposals.t().unsqueeze(0).to(self.scalar_type()).contiguous();
}

}  // namespace invseg
