#include <string>

#include "core/kernels/group_norm.h"

namespace invseg::kernels {
namespace {

// Memory [B][points][channels]. A thread owns `kWide` neighbouring channels of a row and walks down the rows of its block's
// share: blockDim.x = columns * rows, columns = channels / kWide.
constexpr const char* kInTwo = R"cuda(
// Adds the two sums of every channel of this block's threads into the sums of its groups, in one order whatever the schedule.
__device__ void to_groups(
    const float* first, const float* second, float* scratch, int columns, int rows, int channels, int groups, float* out) {
  const int column = threadIdx.x % columns, row = threadIdx.x / columns;
  if (row < rows) {
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      scratch[(row * channels + column * kWide + i) * 2] = first[i];
      scratch[(row * channels + column * kWide + i) * 2 + 1] = second[i];
    }
  }
  __syncthreads();
  // The rows first, by all threads; then few are left for the groups.
  for (int k = threadIdx.x; k < channels * 2; k += blockDim.x) {
    float sum = scratch[k];
    for (int r = 1; r < rows; ++r) sum += scratch[r * channels * 2 + k];
    scratch[k] = sum;
  }
  __syncthreads();
  const int size = channels / groups;
  for (int k = threadIdx.x; k < groups * 2; k += blockDim.x) {
    const int group = k >> 1, which = k & 1;
    float sum = 0;
#pragma unroll 4
    for (int c = 0; c < size; ++c) sum += scratch[(group * size + c) * 2 + which];
    out[k] = sum;
  }
}

// The two sums of every group of this block's picture, from those of all blocks: first and second [groups]. Every block does it,
// with all of its threads: one for each group would wait for memory as often as there are blocks.
__device__ void from_blocks(
    const float* __restrict__ partial, int blocks, int groups, float* first, float* second, float* scratch) {
  const float2* own = reinterpret_cast<const float2*>(partial) + (long long)blockIdx.y * blocks * groups;
  const int slices = max(1, (int)blockDim.x / groups);
  for (int k = threadIdx.x; k < slices * groups; k += blockDim.x) {
    const int group = k % groups;
    float a = 0, b = 0;
    in_flight<8>(
        k / groups, blocks, slices, [&](int n) { return own[n * groups + group]; },
        [&](int, const float2& sums) {
          a += sums.x;
          b += sums.y;
        });
    scratch[2 * k] = a;
    scratch[2 * k + 1] = b;
  }
  __syncthreads();
  for (int g = threadIdx.x; g < groups; g += blockDim.x) {
    float a = 0, b = 0;
    for (int n = 0; n < slices; ++n) {
      a += scratch[2 * (n * groups + g)];
      b += scratch[2 * (n * groups + g) + 1];
    }
    first[g] = a;
    second[g] = b;
  }
  __syncthreads();
}

// What is normalised is x + added, where added [B][channels] may be null; its rows lie `stride` apart, 0 for one for all.
__device__ __forceinline__ float added_to(const Value* added, int stride, int channel) {
  return added == nullptr ? 0.0f : widen(added[(long long)blockIdx.y * stride + channel]);
}

// Sums of x - first and of its square, where first is x's own value at the first point of the group, so that a large mean does
// not cancel: partial [B][blocks][groups][2].
extern "C" __global__ void __launch_bounds__(kThreads, 2) sums_forward(
    const Value* __restrict__ x, const Value* __restrict__ added, int added_stride, float* __restrict__ partial, int points,
    int channels, int groups, int columns, int rows) {
  __shared__ float scratch[kThreads * kWide * 2];
  const int column = threadIdx.x % columns, row = threadIdx.x / columns;
  const long long base = (long long)blockIdx.y * points * channels;
  const int size = channels / groups;
  float sum[kWide] = {}, square[kWide] = {}, shift[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    const int channel = column * kWide + i, first = channel / size * size;
    shift[i] = widen(x[base + first]) + added_to(added, added_stride, first) - added_to(added, added_stride, channel);
  }
  const int share = (points + gridDim.x - 1) / gridDim.x;
  const int begin = blockIdx.x * share, end = min(points, begin + share);
  if (row < rows) {
    const Value* own = x + base + column * kWide;
    in_flight<4>(
        begin + row, end, rows, [&](int p) { return *reinterpret_cast<const Pack*>(own + (long long)p * channels); },
        [&](int, const Pack& pack) {
#pragma unroll
          for (int i = 0; i < kWide; ++i) {
            const float d = widen(pack.v[i]) - shift[i];
            sum[i] += d;
            square[i] += d * d;
          }
        });
  }
  to_groups(sum, square, scratch, columns, rows, channels, groups,
            partial + ((long long)blockIdx.y * gridDim.x + blockIdx.x) * groups * 2);
}

// Every block adds up the partial sums itself; the first of a picture leaves mean and 1 / deviation in stats [B][groups][2].
extern "C" __global__ void __launch_bounds__(kThreads, 2) apply_forward(
    const Value* __restrict__ x, const Value* __restrict__ added, int added_stride, const float* __restrict__ partial,
    const Value* __restrict__ weight, const Value* __restrict__ bias, Value* __restrict__ y, float* __restrict__ stats,
    int points, int channels, int groups, int columns, int rows, int blocks, float eps, int silu) {
  __shared__ float mean[64], scale[64], scratch[kThreads * 2];
  const int column = threadIdx.x % columns, row = threadIdx.x / columns;
  const long long base = (long long)blockIdx.y * points * channels;
  const int size = channels / groups;
  from_blocks(partial, blocks, groups, mean, scale, scratch);
  for (int g = threadIdx.x; g < groups; g += blockDim.x) {
    const float sum = mean[g], square = scale[g];
    const float count = (float)points * size;
    const float offset = sum / count;
    const float variance = fmaxf(square / count - offset * offset, 0.0f);
    mean[g] = widen(x[base + g * size]) + added_to(added, added_stride, g * size) + offset;
    scale[g] = rsqrtf(variance + eps);
    if (blockIdx.x == 0) {
      stats[(blockIdx.y * groups + g) * 2] = mean[g];
      stats[(blockIdx.y * groups + g) * 2 + 1] = scale[g];
    }
  }
  __syncthreads();
  if (row >= rows) return;
  float a[kWide], b[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    const int channel = column * kWide + i, group = channel / size;
    a[i] = scale[group] * widen(weight[channel]);
    b[i] = widen(bias[channel]) + (added_to(added, added_stride, channel) - mean[group]) * a[i];
  }
  const int share = (points + gridDim.x - 1) / gridDim.x;
  const int begin = blockIdx.x * share, end = min(points, begin + share);
  const long long own = base + column * kWide;
  in_flight<4>(
      begin + row, end, rows, [&](int p) { return *reinterpret_cast<const Pack*>(x + own + (long long)p * channels); },
      [&](int p, Pack pack) {
#pragma unroll
        for (int i = 0; i < kWide; ++i) {
          float z = widen(pack.v[i]) * a[i] + b[i];
          if (silu) z *= sigmoid(z);
          pack.v[i] = narrow(z);
        }
        *reinterpret_cast<Pack*>(y + own + (long long)p * channels) = pack;
      });
}

struct Packs { Pack x, dy; };
__device__ __forceinline__ Packs packs_at(const Value* __restrict__ x, const Value* __restrict__ dy, long long at) {
  return {*reinterpret_cast<const Pack*>(x + at), *reinterpret_cast<const Pack*>(dy + at)};
}

// d loss / d (normalised x) of one value.
__device__ __forceinline__ float inner_gradient(float dy, float normalised, float weight, float bias, int silu) {
  if (silu) {
    const float z = normalised * weight + bias, s = sigmoid(z);
    dy *= s * (1.0f + z * (1.0f - s));
  }
  return dy * weight;
}

// Sums over each group of the inner gradient g and of g times the normalised x.
extern "C" __global__ void __launch_bounds__(kThreads) sums_backward(
    const Value* __restrict__ dy, const Value* __restrict__ x, const Value* __restrict__ added, int added_stride,
    const float* __restrict__ stats, const Value* __restrict__ weight, const Value* __restrict__ bias,
    float* __restrict__ partial, int points, int channels, int groups, int columns, int rows, int silu) {
  __shared__ float scratch[kThreads * kWide * 2];
  const int column = threadIdx.x % columns, row = threadIdx.x / columns;
  const long long base = (long long)blockIdx.y * points * channels;
  const int size = channels / groups;
  float first[kWide] = {}, second[kWide] = {};
  float mean[kWide], scale[kWide], w[kWide], b[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    const int channel = column * kWide + i, group = blockIdx.y * groups + channel / size;
    mean[i] = stats[group * 2] - added_to(added, added_stride, channel);
    scale[i] = stats[group * 2 + 1];
    w[i] = widen(weight[channel]);
    b[i] = widen(bias[channel]);
  }
  const int share = (points + gridDim.x - 1) / gridDim.x;
  const int begin = blockIdx.x * share, end = min(points, begin + share);
  if (row < rows) {
    const long long own = base + column * kWide;
    in_flight<2>(
        begin + row, end, rows, [&](int p) { return packs_at(x, dy, own + (long long)p * channels); },
        [&](int, const Packs& packs) {
#pragma unroll
          for (int i = 0; i < kWide; ++i) {
            const float n = (widen(packs.x.v[i]) - mean[i]) * scale[i];
            const float g = inner_gradient(widen(packs.dy.v[i]), n, w[i], b[i], silu);
            first[i] += g;
            second[i] += g * n;
          }
        });
  }
  to_groups(first, second, scratch, columns, rows, channels, groups,
            partial + ((long long)blockIdx.y * gridDim.x + blockIdx.x) * groups * 2);
}

// dx = (g - mean(g) - n mean(g n)) / deviation.
extern "C" __global__ void __launch_bounds__(kThreads) apply_backward(
    const Value* __restrict__ dy, const Value* __restrict__ x, const Value* __restrict__ added, int added_stride,
    const float* __restrict__ stats, const float* __restrict__ partial, const Value* __restrict__ weight,
    const Value* __restrict__ bias, Value* __restrict__ dx, int points, int channels, int groups, int columns, int rows,
    int blocks, int silu) {
  __shared__ float mean_g[64], mean_gn[64], scratch[kThreads * 2];
  const int column = threadIdx.x % columns, row = threadIdx.x / columns;
  const long long base = (long long)blockIdx.y * points * channels;
  const int size = channels / groups;
  from_blocks(partial, blocks, groups, mean_g, mean_gn, scratch);
  for (int g = threadIdx.x; g < groups; g += blockDim.x) {
    const float count = (float)points * size;
    mean_g[g] /= count;
    mean_gn[g] /= count;
  }
  __syncthreads();
  if (row >= rows) return;
  float mean[kWide], scale[kWide], w[kWide], b[kWide], mg[kWide], mgn[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    const int channel = column * kWide + i, own = channel / size, group = blockIdx.y * groups + own;
    mean[i] = stats[group * 2] - added_to(added, added_stride, channel);
    scale[i] = stats[group * 2 + 1];
    w[i] = widen(weight[channel]);
    b[i] = widen(bias[channel]);
    mg[i] = mean_g[own];
    mgn[i] = mean_gn[own];
  }
  const int share = (points + gridDim.x - 1) / gridDim.x;
  const int begin = blockIdx.x * share, end = min(points, begin + share);
  const long long own = base + column * kWide;
  in_flight<2>(
      begin + row, end, rows, [&](int p) { return packs_at(x, dy, own + (long long)p * channels); },
      [&](int p, const Packs& packs) {
        Pack out;
#pragma unroll
        for (int i = 0; i < kWide; ++i) {
          const float n = (widen(packs.x.v[i]) - mean[i]) * scale[i];
          const float g = inner_gradient(widen(packs.dy.v[i]), n, w[i], b[i], silu);
          out.v[i] = narrow((g - mg[i] - n * mgn[i]) * scale[i]);
        }
        *reinterpret_cast<Pack*>(dx + own + (long long)p * channels) = out;
      });
}
)cuda";

}  // namespace

const char* group_norm_source() {
  static const std::string text = std::string(kInTwo) + group_norm_whole_source();
  return text.c_str();
}

}  // namespace invseg::kernels
