#include "core/kernels/layer_norm.h"

namespace invseg::kernels {

// Rows [rows][columns packs]. A warp has a row, which stays in its registers: a lane holds up to PACKS packs.
const char* layer_norm_source() {
  return R"cuda(
constexpr int kWarps = 8;

__device__ __forceinline__ float across(float v) {
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xffffffffu, v, step);
  return v;
}

// y = the normalised x + more; that sum and the row's mean and 1 / deviation are kept where anybody asks for them. more, sum and
// stats may be null.
template <int PACKS>
__device__ __forceinline__ void forward(
    const Pack* __restrict__ x, const Pack* __restrict__ more, const Pack* __restrict__ weight,
    const Pack* __restrict__ bias, Pack* __restrict__ sum, Pack* __restrict__ y, float2* __restrict__ stats, int rows,
    int columns, float eps) {
  const int lane = threadIdx.x % 32, row = blockIdx.x * kWarps + threadIdx.x / 32;
  if (row >= rows) return;
  const long long base = (long long)row * columns;
  Pack packs[PACKS];
#pragma unroll
  for (int k = 0; k < PACKS; ++k) {
    if (k * 32 + lane < columns) packs[k] = x[base + k * 32 + lane];
  }
  if (more != nullptr) {
    Pack other[PACKS];
#pragma unroll
    for (int k = 0; k < PACKS; ++k) {
      if (k * 32 + lane < columns) other[k] = more[base + k * 32 + lane];
    }
#pragma unroll
    for (int k = 0; k < PACKS; ++k) {
      if (k * 32 + lane >= columns) continue;
#pragma unroll
      for (int i = 0; i < kWide; ++i) packs[k].v[i] = narrow(widen(packs[k].v[i]) + widen(other[k].v[i]));
      sum[base + k * 32 + lane] = packs[k];
    }
  }
  const float count = (float)columns * kWide;
  float total = 0;
#pragma unroll
  for (int k = 0; k < PACKS; ++k) {
    if (k * 32 + lane >= columns) continue;
#pragma unroll
    for (int i = 0; i < kWide; ++i) total += widen(packs[k].v[i]);
  }
  const float mean = across(total) / count;
  float square = 0;
#pragma unroll
  for (int k = 0; k < PACKS; ++k) {
    if (k * 32 + lane >= columns) continue;
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float d = widen(packs[k].v[i]) - mean;
      square += d * d;
    }
  }
  const float scale = rsqrtf(across(square) / count + eps);
  if (stats != nullptr && lane == 0) stats[row] = {mean, scale};
#pragma unroll
  for (int k = 0; k < PACKS; ++k) {
    const int column = k * 32 + lane;
    if (column >= columns) continue;
    const Pack w = weight[column], b = bias[column];
    Pack out;
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      out.v[i] = narrow((widen(packs[k].v[i]) - mean) * scale * widen(w.v[i]) + widen(b.v[i]));
    }
    y[base + column] = out;
  }
}

// dx = (g - mean(g) - n mean(g n)) / deviation + d_sum, with g = dy weight and n the normalised x. d_sum may be null.
template <int PACKS>
__device__ __forceinline__ void backward(
    const Pack* __restrict__ dy, const Pack* __restrict__ d_sum, const Pack* __restrict__ x,
    const float2* __restrict__ stats, const Pack* __restrict__ weight, Pack* __restrict__ dx, int rows, int columns) {
  const int lane = threadIdx.x % 32, row = blockIdx.x * kWarps + threadIdx.x / 32;
  if (row >= rows) return;
  const long long base = (long long)row * columns;
  Pack up[PACKS], xs[PACKS];
#pragma unroll
  for (int k = 0; k < PACKS; ++k) {
    if (k * 32 + lane < columns) {
      up[k] = dy[base + k * 32 + lane];
      xs[k] = x[base + k * 32 + lane];
    }
  }
  const float mean = stats[row].x, scale = stats[row].y;
  float first = 0, second = 0;
#pragma unroll
  for (int k = 0; k < PACKS; ++k) {
    const int column = k * 32 + lane;
    if (column >= columns) continue;
    const Pack w = weight[column];
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float g = widen(up[k].v[i]) * widen(w.v[i]);
      first += g;
      second += g * (widen(xs[k].v[i]) - mean) * scale;
    }
  }
  const float count = (float)columns * kWide;
  first = across(first) / count;
  second = across(second) / count;
#pragma unroll
  for (int k = 0; k < PACKS; ++k) {
    const int column = k * 32 + lane;
    if (column >= columns) continue;
    const Pack w = weight[column];
    Pack own, out;
    if (d_sum != nullptr) own = d_sum[base + column];
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float n = (widen(xs[k].v[i]) - mean) * scale;
      float d = (widen(up[k].v[i]) * widen(w.v[i]) - first - n * second) * scale;
      if (d_sum != nullptr) d += widen(own.v[i]);
      out.v[i] = narrow(d);
    }
    dx[base + column] = out;
  }
}

#define LAYER_NORM(PACKS)                                                                                               \
  extern "C" __global__ void __launch_bounds__(kWarps * 32) forward_##PACKS(                                            \
      const Pack* x, const Pack* more, const Pack* weight, const Pack* bias, Pack* sum, Pack* y, float2* stats,         \
      int rows, int columns, float eps) {                                                                               \
    forward<PACKS>(x, more, weight, bias, sum, y, stats, rows, columns, eps);                                           \
  }                                                                                                                     \
  extern "C" __global__ void __launch_bounds__(kWarps * 32) backward_##PACKS(                                           \
      const Pack* dy, const Pack* d_sum, const Pack* x, const float2* stats, const Pack* weight, Pack* dx, int rows,    \
      int columns) {                                                                                                    \
    backward<PACKS>(dy, d_sum, x, stats, weight, dx, rows, columns);                                                    \
  }
LAYER_NORM(1)
LAYER_NORM(2)
LAYER_NORM(3)
LAYER_NORM(5)
LAYER_NORM(10)
)cuda";
}

}  // namespace invseg::kernels
