#include "core/maps/refine.h"

#include <cmath>

#include "core/maps/aggregate.h"

namespace invseg {
namespace {

/** Guards of quotients: far below any attention, far above float32's smallest number. */
constexpr double kFloor = 1e-30;

}  // namespace

at::Tensor refine(const at::Tensor& self, const at::Tensor& cross, int64_t iterations) {
  at::Tensor maps = cross;
  for (int64_t i = 0; i < iterations; ++i) maps = self.matmul(maps);
  return min_max(maps, 1);
}

at::Tensor refine(const SelfAttention& self, const at::Tensor& cross, int64_t iterations) {
  at::Tensor maps = cross;
  for (int64_t i = 0; i < iterations; ++i) maps = self(maps);
  return min_max(maps, 1);
}

at::Tensor reduce_entropy(const at::Tensor& self, double strength) {
  const at::Tensor relative = self / self.amax(1, true).clamp_min(kFloor);  // [B, N, N] in [0, 1]
  // log10(e A); an exact 0 stays 0, since the floor's logarithm only makes it more negative.
  const at::Tensor change = relative.clamp_min(kFloor).log10() + std::log10(std::exp(1.0));
  const at::Tensor kept = (relative + strength * change).clamp_min(0) * relative.gt(0);
  return kept / kept.sum(-1, true).clamp_min(kFloor);
}

at::Tensor unit_sum(const at::Tensor& x) {
  const at::Tensor above = x - x.amin(1, true);
  return above / above.sum(1, true).clamp_min(kFloor);
}

at::Tensor refine_iterated(const at::Tensor& self, const at::Tensor& cross, int64_t iterations) {
  at::Tensor maps = unit_sum(cross);
  for (int64_t i = 0; i < iterations; ++i) maps = unit_sum(self.matmul(maps));
  return maps;
}

}  // namespace invseg
