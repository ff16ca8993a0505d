#include "core/kernels/group_norm.h"

namespace invseg::kernels {

// Memory [B][points][channels]. A thread owns `kWide` neighbouring channels of a row and walks down the rows of its block's
// share: blockDim.x = columns * rows, columns = channels / kWide.
const char* group_norm_source() {
  return R"cuda(
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
#pragma unroll 4
    for (int n = k / groups; n < blocks; n += slices) {
      const float2 sums = own[n * groups + group];
      a += sums.x;
      b += sums.y;
    }
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
extern "C" __global__ void __launch_bounds__(kThreads) sums_forward(
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
extern "C" __global__ void __launch_bounds__(kThreads) apply_forward(
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

// --- A small picture in one kernel: a block has a slab of it, whole groups and whole packs of every row, and reads it twice. ---

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
