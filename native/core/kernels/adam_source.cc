#include "core/kernels/loss_sources.h"

namespace invseg::kernels {

// The gradient counts for a value where `trainable` [values / width] is 1, divided by what the loss was multiplied by.
const char* adam_source() {
  return R"cuda(
constexpr int kBlock = 256;
static_assert(kBlock <= kThreads);

__device__ __forceinline__ bool is_finite(double x) { return x - x == 0; }

// partial [blocks][2]: the sum of squares of a block's gradients, and how many of them are not finite.
extern "C" __global__ void __launch_bounds__(kBlock) gradient_sums(
    const float* __restrict__ gradient, const float* __restrict__ trainable, float unscale, double* __restrict__ partial,
    long long count, long long width) {
  __shared__ double scratch[2][kBlock / 32];
  double square = 0, wrong = 0;
  for (long long i = (long long)blockIdx.x * kBlock + threadIdx.x; i < count; i += (long long)gridDim.x * kBlock) {
    const float g = gradient[i] * (trainable[i / width] * unscale);
    square += (double)g * g;
    if (!is_finite(g)) wrong += 1;
  }
  for (int mask = 16; mask > 0; mask >>= 1) {
    square += __shfl_xor_sync(0xffffffffu, square, mask);
    wrong += __shfl_xor_sync(0xffffffffu, wrong, mask);
  }
  if (threadIdx.x % 32 == 0) {
    scratch[0][threadIdx.x / 32] = square;
    scratch[1][threadIdx.x / 32] = wrong;
  }
  __syncthreads();
  if (threadIdx.x < 2) {
    double sum = 0;
    for (int w = 0; w < kBlock / 32; ++w) sum += scratch[threadIdx.x][w];
    partial[blockIdx.x * 2 + threadIdx.x] = sum;
  }
}

// Every block adds up the partial sums itself, and so decides as all others do. losses [5]; scalars [7].
extern "C" __global__ void __launch_bounds__(kBlock) adam(
    const float* __restrict__ gradient, const float* __restrict__ trainable, float unscale,
    const double* __restrict__ partial, const double* __restrict__ losses, const float* __restrict__ parameter,
    const float* __restrict__ first, const float* __restrict__ second, const double* __restrict__ step,
    float* __restrict__ next_parameter, float* __restrict__ next_first, float* __restrict__ next_second,
    double* __restrict__ next_step, double* __restrict__ scalars, long long count, long long width, double rate,
    double beta1, double beta2, double eps) {
  __shared__ double decided[2];
  __shared__ float corrections[2];
  if (threadIdx.x < 32) {
    double square = 0, wrong = 0;
    for (int k = threadIdx.x; k < gridDim.x; k += 32) {
      square += partial[k * 2];
      wrong += partial[k * 2 + 1];
    }
    for (int mask = 16; mask > 0; mask >>= 1) {
      square += __shfl_xor_sync(0xffffffffu, square, mask);
      wrong += __shfl_xor_sync(0xffffffffu, wrong, mask);
    }
    if (threadIdx.x == 0) {
      decided[0] = sqrt(square);
      decided[1] = wrong == 0 && is_finite(losses[0]) ? 1.0 : 0.0;
    }
  } else if (threadIdx.x % 32 == 0 && threadIdx.x <= 64) {
    corrections[threadIdx.x / 64] = 1.0 - pow(threadIdx.x == 32 ? beta1 : beta2, *step + 1);
  }
  __syncthreads();
  const bool accepted = decided[1] != 0;
  if (blockIdx.x == 0) {
    if (threadIdx.x < 5) scalars[threadIdx.x] = losses[threadIdx.x];
    if (threadIdx.x < 2) scalars[5 + threadIdx.x] = decided[threadIdx.x];
    if (threadIdx.x == 0) *next_step = *step + (accepted ? 1 : 0);
  }
  const float keep1 = beta1, take1 = 1.0 - beta1, keep2 = beta2, take2 = 1.0 - beta2, floor = eps, along = rate;
  for (long long i = (long long)blockIdx.x * kBlock + threadIdx.x; i < count; i += (long long)gridDim.x * kBlock) {
    const float g = gradient[i] * (trainable[i / width] * unscale);
    float p = parameter[i], m = first[i], v = second[i];
    if (accepted) {
      m = m * keep1 + g * take1;
      v = v * keep2 + g * g * take2;
      p -= m / corrections[0] / (sqrtf(v / corrections[1]) + floor) * along;
    }
    next_parameter[i] = p;
    next_first[i] = m;
    next_second[i] = v;
  }
}
)cuda";
}

}  // namespace invseg::kernels
