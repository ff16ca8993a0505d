#include "core/loss/entropy.h"

#include "core/error.h"
#include "core/loss/cluster.h"

namespace invseg {

at::Tensor entropy_loss(const at::Tensor& maps, const at::Tensor& coverage, const EntropyOptions& options) {
  check_shape(
      maps.dim() == 3 && coverage.dim() == 2 && maps.size(0) == coverage.size(0) && maps.size(1) == coverage.size(1),
      "Expected maps [views, points, categories] and coverage [views, points] for the entropy loss");
  const at::Tensor views = coverage.sum(0);  // [N] how many views cover a point
  at::Tensor mean = (maps * coverage.unsqueeze(2)).sum(0) / views.clamp_min(1).unsqueeze(1);  // [N, C]
  if (options.normalise == EntropyOptions::Normalise::l1) mean = mean / mean.sum(1, true).clamp_min(kLogEps);
  if (options.normalise == EntropyOptions::Normalise::softmax) mean = mean.softmax(1);

  const double needed = options.region == EntropyOptions::Region::overlap ? static_cast<double>(maps.size(0)) : 1.0;
  const at::Tensor region = views.ge(needed).to(maps.scalar_type());  // [N]
  // The min-max of eq. 2 puts an exact 0 in every map, where x log x has an infinite slope: hence eps in the logarithm.
  const at::Tensor points = -(mean * (mean + kLogEps).log()).sum(1) * region;
  const at::Tensor total = points.sum();
  return options.reduce == EntropyOptions::Reduce::sum ? total : total / region.sum().clamp_min(1);
}

}  // namespace invseg
