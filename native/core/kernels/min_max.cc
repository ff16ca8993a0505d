#include "core/kernels/min_max.h"

#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/program.h"
#include "core/shapes.h"

namespace invseg {

namespace kernels {

// Grid (C, B): a block a map.
const char* min_max_source() {
  return R"cuda(
constexpr int kBlock = 256;
static_assert(kBlock <= kThreads);

// The lesser; what is no number stays, as in LibTorch.
__device__ __forceinline__ float lesser(float a, float b) { return a != a || a < b ? a : b; }

struct Range { float low, high; };

// Of the whole map, in every thread. scratch [2][kBlock / 32]
__device__ Range range_of(const float* x, int points, int categories, float (*scratch)[kBlock / 32]) {
  float low = x[0], negated = -x[0];
  for (int i = threadIdx.x; i < points; i += kBlock) {
    const float value = x[(long long)i * categories];
    low = lesser(low, value);
    negated = lesser(negated, -value);
  }
  for (int mask = 16; mask > 0; mask >>= 1) {
    low = lesser(low, __shfl_xor_sync(0xffffffffu, low, mask));
    negated = lesser(negated, __shfl_xor_sync(0xffffffffu, negated, mask));
  }
  if (threadIdx.x % 32 == 0) {
    scratch[0][threadIdx.x / 32] = low;
    scratch[1][threadIdx.x / 32] = negated;
  }
  __syncthreads();
  for (int w = 0; w < kBlock / 32; ++w) {
    low = lesser(low, scratch[0][w]);
    negated = lesser(negated, scratch[1][w]);
  }
  return {low, -negated};
}

// Not fmaxf, which would let what is no number go.
__device__ __forceinline__ float divisor_of(Range range, float floor) {
  const float width = range.high - range.low;
  return width < floor ? floor : width;
}

extern "C" __global__ void __launch_bounds__(kBlock) min_max_forward(
    const float* __restrict__ x, float* __restrict__ y, int points, int categories, float floor) {
  __shared__ float scratch[2][kBlock / 32];
  const long long map = (long long)blockIdx.y * points * categories + blockIdx.x;
  const Range range = range_of(x + map, points, categories, scratch);
  const float divisor = divisor_of(range, floor);
  for (int i = threadIdx.x; i < points; i += kBlock) {
    const long long at = map + (long long)i * categories;
    y[at] = (x[at] - range.low) / divisor;
  }
}

extern "C" __global__ void __launch_bounds__(kBlock) min_max_backward(
    const float* __restrict__ dy, const float* __restrict__ x, float* __restrict__ dx, int points, int categories,
    float floor) {
  __shared__ float scratch[2][kBlock / 32];
  __shared__ double sums[4][kBlock / 32];
  const long long map = (long long)blockIdx.y * points * categories + blockIdx.x;
  const Range range = range_of(x + map, points, categories, scratch);
  const double divisor = divisor_of(range, floor);
  double own[4] = {};  // of dy, of dy (x - low), how many values are the least, and the greatest
  for (int i = threadIdx.x; i < points; i += kBlock) {
    const long long at = map + (long long)i * categories;
    const float value = x[at];
    own[0] += dy[at];
    own[1] += (double)dy[at] * (value - range.low);
    if (value == range.low) own[2] += 1;
    if (value == range.high) own[3] += 1;
  }
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    for (int mask = 16; mask > 0; mask >>= 1) own[k] += __shfl_xor_sync(0xffffffffu, own[k], mask);
    if (threadIdx.x % 32 == 0) sums[k][threadIdx.x / 32] = own[k];
  }
  __syncthreads();
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    own[k] = 0;
    for (int w = 0; w < kBlock / 32; ++w) own[k] += sums[k][w];
  }
  const double high = range.high - range.low < floor ? 0.0 : -own[1] / (divisor * divisor);
  const double low = -own[0] / divisor - high;
  for (int i = threadIdx.x; i < points; i += kBlock) {
    const long long at = map + (long long)i * categories;
    double d = dy[at] / divisor;
    if (x[at] == range.low) d += low / own[2];
    if (x[at] == range.high) d += high / own[3];
    dx[at] = d;
  }
}
)cuda";
}

}  // namespace kernels

namespace {

constexpr int64_t kBlock = 256;        // as in the source
constexpr int64_t kMostPoints = 4096;  // that one block goes over

bool takes(const at::Tensor& x, int64_t dim) {
  return dim == 1 && x.dim() == 3 && kernels::available(x.device()) && x.scalar_type() == at::kFloat &&
         x.is_contiguous() && x.numel() > 0 && x.size(1) <= kMostPoints && x.size(0) <= 65535;
}

/** Launches `name` on what it is given first and x's shape. */
at::Tensor run(const char* name, const at::Tensor* gradient, const at::Tensor& x) {
  at::Tensor result = at::empty_like(x);
  const void *up = gradient != nullptr ? gradient->const_data_ptr() : nullptr, *from = x.const_data_ptr();
  void* to = result.mutable_data_ptr();
  int points = static_cast<int>(x.size(1)), categories = static_cast<int>(x.size(2));
  float floor = static_cast<float>(kRangeFloor);
  const auto kernel = kernels::compile(kernels::min_max_source(), name, at::kFloat, x.device());
  const kernels::Grid grid{categories, x.size(0)};
  if (gradient == nullptr) {
    kernels::launch(kernel, grid, kBlock, {&from, &to, &points, &categories, &floor}, x.device());
  } else {
    kernels::launch(kernel, grid, kBlock, {&up, &from, &to, &points, &categories, &floor}, x.device());
  }
  return result;
}

struct MinMax : torch::autograd::Function<MinMax> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({x});
    return run("min_max_forward", nullptr, x);
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const at::Tensor dy = gradients[0].contiguous();
    return {run("min_max_backward", &dy, context->get_saved_variables()[0])};
  }
};

}  // namespace

at::Tensor min_max(const at::Tensor& x, int64_t dim) {
  if (takes(x, dim)) return MinMax::apply(x);
  const at::Tensor low = x.amin(dim, true);
  const at::Tensor range = (x.amax(dim, true) - low).clamp_min(kRangeFloor);
  return (x - low) / range;
}

}  // namespace invseg
