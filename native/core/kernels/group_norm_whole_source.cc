#include "core/kernels/group_norm.h"

namespace invseg::kernels {

// A small picture in one kernel: a block has a slab of it, whole groups and whole packs of every row, and reads it twice.
const char* group_norm_whole_source() {
  return R"cuda(
constexpr int kMostSlab = 8;  // groups of a slab

// Sums over the block of what each thread has for group `own` of the slab and for the one after it.
__device__ void to_slab(float first, float second, int own, int slab, float* scratch, float* total) {
  const int warps = blockDim.x / 32;
  for (int g = 0; g < slab; ++g) {
    float v = (own == g ? first : 0.0f) + (own + 1 == g ? second : 0.0f);
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) v += __shfl_xor_sync(0xffffffffu, v, step);
    if (threadIdx.x % 32 == 0) scratch[g * (kThreads / 32) + threadIdx.x / 32] = v;
  }
  __syncthreads();
  if (threadIdx.x < slab) {
    float sum = 0;
    for (int w = 0; w < warps; ++w) sum += scratch[threadIdx.x * (kThreads / 32) + w];
    total[threadIdx.x] = sum;
  }
  __syncthreads();
}

// A thread's place in a slab. A pack has values of two groups at most, as groups are no smaller than packs.
struct Place {
  int row, own, split, channel;  // `split` values of the pack belong to group `own` of the slab
  long long at;                  // of the pack at point 0, in values
  __device__ Place(int columns, int size, int points, int channels) {
    const int column = threadIdx.x % columns;
    row = threadIdx.x / columns;
    own = column * kWide / size;
    split = min(kWide, (own + 1) * size - column * kWide);
    channel = (blockIdx.x * columns + column) * kWide;
    at = (long long)blockIdx.y * points * channels + channel;
  }
};

extern "C" __global__ void __launch_bounds__(kThreads) whole_forward(
    const Value* __restrict__ x, const Value* __restrict__ added, int added_stride, const Value* __restrict__ weight,
    const Value* __restrict__ bias, Value* __restrict__ y, float* __restrict__ stats, int points, int channels, int groups,
    int columns, int rows, int slab, float eps, int silu) {
  __shared__ float scratch[kMostSlab * kThreads / 32], sums[kMostSlab], squares[kMostSlab], first[kMostSlab];
  const int size = channels / groups;
  const Place own(columns, size, points, channels);
  if (threadIdx.x < slab) {
    const int channel = (blockIdx.x * slab + threadIdx.x) * size;
    first[threadIdx.x] = widen(x[(long long)blockIdx.y * points * channels + channel]) +
                         added_to(added, added_stride, channel);
  }
  __syncthreads();
  const int next = min(own.own + 1, slab - 1);
  float more[kWide], shift[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    more[i] = added_to(added, added_stride, own.channel + i);
    shift[i] = first[i < own.split ? own.own : next] - more[i];
  }
  const auto load = [&](int p) { return *reinterpret_cast<const Pack*>(x + own.at + (long long)p * channels); };
  const int end = own.row < rows ? points : 0;
  float sum[2] = {}, square[2] = {};
  in_flight<4>(own.row, end, rows, load, [&](int, const Pack& pack) {
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float d = widen(pack.v[i]) - shift[i];
      sum[0] += i < own.split ? d : 0.0f;
      sum[1] += i < own.split ? 0.0f : d;
      square[0] += i < own.split ? d * d : 0.0f;
      square[1] += i < own.split ? 0.0f : d * d;
    }
  });
  to_slab(sum[0], sum[1], own.own, slab, scratch, sums);
  to_slab(square[0], square[1], own.own, slab, scratch, squares);
  const float count = (float)points * size;
  if (threadIdx.x < slab) {
    const float offset = sums[threadIdx.x] / count;
    const float variance = fmaxf(squares[threadIdx.x] / count - offset * offset, 0.0f);
    sums[threadIdx.x] = first[threadIdx.x] + offset;  // from here on mean and 1 / deviation
    squares[threadIdx.x] = rsqrtf(variance + eps);
    float* kept = stats + (blockIdx.y * groups + blockIdx.x * slab + threadIdx.x) * 2;
    kept[0] = sums[threadIdx.x];
    kept[1] = squares[threadIdx.x];
  }
  __syncthreads();
  float a[kWide], b[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    const int group = i < own.split ? own.own : next;
    a[i] = squares[group] * widen(weight[own.channel + i]);
    b[i] = widen(bias[own.channel + i]) + (more[i] - sums[group]) * a[i];
  }
  in_flight<4>(own.row, end, rows, load, [&](int p, Pack pack) {
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      float z = widen(pack.v[i]) * a[i] + b[i];
      if (silu) z *= sigmoid(z);
      pack.v[i] = narrow(z);
    }
    *reinterpret_cast<Pack*>(y + own.at + (long long)p * channels) = pack;
  });
}

extern "C" __global__ void __launch_bounds__(kThreads) whole_backward(
    const Value* __restrict__ dy, const Value* __restrict__ x, const Value* __restrict__ added, int added_stride,
    const float* __restrict__ stats, const Value* __restrict__ weight, const Value* __restrict__ bias,
    Value* __restrict__ dx, int points, int channels, int groups, int columns, int rows, int slab, int silu) {
  __shared__ float scratch[kMostSlab * kThreads / 32], sums[kMostSlab], products[kMostSlab];
  const int size = channels / groups;
  const Place own(columns, size, points, channels);
  const int next = min(own.own + 1, slab - 1);
  float mean[kWide], scale[kWide], w[kWide], b[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    const int group = blockIdx.y * groups + blockIdx.x * slab + (i < own.split ? own.own : next);
    mean[i] = stats[group * 2] - added_to(added, added_stride, own.channel + i);
    scale[i] = stats[group * 2 + 1];
    w[i] = widen(weight[own.channel + i]);
    b[i] = widen(bias[own.channel + i]);
  }
  const auto load = [&](int p) { return packs_at(x, dy, own.at + (long long)p * channels); };
  const int end = own.row < rows ? points : 0;
  float sum[2] = {}, product[2] = {};
  in_flight<2>(own.row, end, rows, load, [&](int, const Packs& packs) {
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float n = (widen(packs.x.v[i]) - mean[i]) * scale[i];
      const float g = inner_gradient(widen(packs.dy.v[i]), n, w[i], b[i], silu);
      sum[0] += i < own.split ? g : 0.0f;
      sum[1] += i < own.split ? 0.0f : g;
      product[0] += i < own.split ? g * n : 0.0f;
      product[1] += i < own.split ? 0.0f : g * n;
    }
  });
  to_slab(sum[0], sum[1], own.own, slab, scratch, sums);
  to_slab(product[0], product[1], own.own, slab, scratch, products);
  const float part = 1.0f / ((float)points * size);
  const float mean_g[2] = {sums[own.own] * part, sums[next] * part};
  const float mean_gn[2] = {products[own.own] * part, products[next] * part};
  in_flight<2>(own.row, end, rows, load, [&](int p, const Packs& packs) {
    Pack out;
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const float n = (widen(packs.x.v[i]) - mean[i]) * scale[i];
      const float g = inner_gradient(widen(packs.dy.v[i]), n, w[i], b[i], silu);
      const float mg = i < own.split ? mean_g[0] : mean_g[1], mgn = i < own.split ? mean_gn[0] : mean_gn[1];
      out.v[i] = narrow((g - mg - n * mgn) * scale[i]);
    }
    *reinterpret_cast<Pack*>(dx + own.at + (long long)p * channels) = out;
  });
}
)cuda";
}

}  // namespace invseg::kernels
