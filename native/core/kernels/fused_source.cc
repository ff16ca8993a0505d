#include <string>

#include "core/kernels/fused.h"
#include "core/kernels/unfold.h"

namespace invseg::kernels {
namespace {

constexpr const char* kPasses = R"cuda(
// x [points][channels], residual likewise or null, bias [channels]; a thread a pack.
extern "C" __global__ void __launch_bounds__(kThreads) add_bias(
    const Value* x, const Value* __restrict__ bias, const Value* __restrict__ residual, Value* y, long long packs,
    int columns) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x; k < packs; k += stride) {
    Pack pack = reinterpret_cast<const Pack*>(x)[k];
    const Pack own = reinterpret_cast<const Pack*>(bias)[k % columns];
    if (residual != nullptr) {
      const Pack more = reinterpret_cast<const Pack*>(residual)[k];
#pragma unroll
      for (int i = 0; i < kWide; ++i) pack.v[i] = narrow(widen(pack.v[i]) + widen(own.v[i]) + widen(more.v[i]));
    } else {
#pragma unroll
      for (int i = 0; i < kWide; ++i) pack.v[i] = narrow(widen(pack.v[i]) + widen(own.v[i]));
    }
    reinterpret_cast<Pack*>(y)[k] = pack;
  }
}

// As `add_bias`, of x without its first row and column: x [pictures][height + 1][width + 1][columns packs], y [pictures][height]
// [width][columns packs]; a block in y is a row of y.
extern "C" __global__ void __launch_bounds__(kThreads) add_bias_inside(
    const Pack* __restrict__ x, const Pack* __restrict__ bias, Pack* __restrict__ y, int height, int width, int columns) {
  const int row = blockIdx.y % height, picture = blockIdx.y / height, packs = width * columns;
  const Pack* from = x + (((long long)picture * (height + 1) + row + 1) * (width + 1) + 1) * columns;
  Pack* to = y + (long long)blockIdx.y * packs;
  for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < packs; k += gridDim.x * blockDim.x) {
    Pack pack = from[k];
    const Pack own = bias[k % columns];
#pragma unroll
    for (int i = 0; i < kWide; ++i) pack.v[i] = narrow(widen(pack.v[i]) + widen(own.v[i]));
    to[k] = pack;
  }
}

// x [pictures][height][width][columns packs] -> y with a row and a column of zeros after the last; a block in y is a row of y.
extern "C" __global__ void __launch_bounds__(kThreads) pad_end(
    const Pack* __restrict__ x, Pack* __restrict__ y, int height, int width, int columns) {
  const int row = blockIdx.y % (height + 1), picture = blockIdx.y / (height + 1);
  const int filled = row < height ? width * columns : 0, packs = (width + 1) * columns;
  const Pack* from = x + ((long long)picture * height + row) * width * columns;
  Pack* to = y + (long long)blockIdx.y * packs;
  for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < packs; k += gridDim.x * blockDim.x) {
    Pack pack = {};
    if (k < filled) pack = from[k];
    to[k] = pack;
  }
}

__device__ __forceinline__ float normal_below(float x) { return 0.5f * (1.0f + erff(x * 0.70710678f)); }

// x [rows][2 * columns packs]; y [rows][columns packs]; a thread a pack of y.
extern "C" __global__ void __launch_bounds__(kThreads) geglu_forward(
    const Value* __restrict__ x, Value* __restrict__ y, long long packs, int columns) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x; k < packs; k += stride) {
    const long long row = k / columns, at = row * 2 * columns + k % columns;
    Pack value = reinterpret_cast<const Pack*>(x)[at];
    const Pack gate = reinterpret_cast<const Pack*>(x)[at + columns];
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float g = widen(gate.v[i]);
      value.v[i] = narrow(widen(value.v[i]) * g * normal_below(g));
    }
    reinterpret_cast<Pack*>(y)[k] = value;
  }
}

extern "C" __global__ void __launch_bounds__(kThreads) geglu_backward(
    const Value* __restrict__ dy, const Value* __restrict__ x, Value* __restrict__ dx, long long packs, int columns) {
  const long long stride = (long long)gridDim.x * blockDim.x;
  for (long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x; k < packs; k += stride) {
    const long long row = k / columns, at = row * 2 * columns + k % columns;
    const Pack up = reinterpret_cast<const Pack*>(dy)[k];
    Pack value = reinterpret_cast<const Pack*>(x)[at];
    Pack gate = reinterpret_cast<const Pack*>(x)[at + columns];
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float v = widen(value.v[i]), g = widen(gate.v[i]), d = widen(up.v[i]);
      const float below = normal_below(g);
      value.v[i] = narrow(d * g * below);
      gate.v[i] = narrow(d * v * (below + g * 0.39894228f * __expf(-0.5f * g * g)));
    }
    reinterpret_cast<Pack*>(dx)[at] = value;
    reinterpret_cast<Pack*>(dx)[at + columns] = gate;
  }
}
)cuda";

}  // namespace

const char* fused_source() {
  static const std::string text = std::string(kPasses) + unfold_source();
  return text.c_str();
}

}  // namespace invseg::kernels
