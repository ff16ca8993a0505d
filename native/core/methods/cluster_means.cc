#include "core/methods/cluster_means.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/methods/grid.h"

namespace invseg {
namespace {

/** In every component before the logarithm. Maps whose sum over the points is 1 have values of about 1 / N. */
constexpr double kComponentFloor = 1e-5;

}  // namespace

at::Tensor cluster_means(const at::Tensor& maps, int64_t grid, int64_t iterations) {
  const int64_t side = side_of(maps);
  check_shape(grid >= 1 && iterations >= 1, "Expected at least one cluster and one iteration");
  const int64_t stride = (side + grid - 1) / grid;
  std::vector<int64_t> line;
  for (int64_t i = 0; i < side; i += stride) line.push_back(i);
  const at::Tensor seeds = raster(line, side, maps.device());

  // In float64, since distances are small differences of large sums; the vectors are few and short.
  const at::Tensor points = maps.to(at::kDouble) + kComponentFloor;  // [B, N, K]
  const at::Tensor logs = points.log();
  const at::Tensor own = (points * logs).sum(-1, true);  // [B, N, 1]
  at::Tensor centres = points.index_select(1, seeds);    // [B, M, K]
  at::Tensor empty = at::zeros({maps.size(0), 1, centres.size(1)}, maps.options().dtype(at::kBool));
  at::Tensor members;  // [B, N, M] one-hot
  for (int64_t i = 0; i < iterations; ++i) {
    const at::Tensor centre_logs = centres.log();
    const at::Tensor distance = own + (centres * centre_logs).sum(-1).unsqueeze(1) -
                                points.matmul(centre_logs.transpose(1, 2)) - logs.matmul(centres.transpose(1, 2));
    const at::Tensor nearest = distance.masked_fill(empty, std::numeric_limits<double>::infinity()).argmin(-1);
    members = at::zeros_like(distance).scatter_(-1, nearest.unsqueeze(-1), 1.0);
    const at::Tensor counts = members.sum(1, true);  // [B, 1, M]
    empty = counts.eq(0);
    // An empty cluster keeps a centre whose logarithm exists; nothing is ever nearest to it again.
    centres = at::where(
        empty.transpose(1, 2), centres, members.transpose(1, 2).matmul(points) / counts.clamp_min(1).transpose(1, 2));
  }
  const at::Tensor sums = members.transpose(1, 2).matmul(maps.to(at::kDouble));  // [B, M, K]
  const at::Tensor means = sums / members.sum(1).clamp_min(1).unsqueeze(-1);
  return members.matmul(means).to(maps.scalar_type());
}

}  // namespace invseg
