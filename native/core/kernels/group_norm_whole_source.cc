#include "core/kernels/group_norm.h"

namespace invseg::kernels {

// A small picture in one kernel: a block has one group of it and holds that in registers, so that memory is waited for once.
// A thread has `kPart` neighbouring values of at most `kCount` rows.
const char* group_norm_whole_source() {
  return R"cuda(
template <int kPart> struct alignas(kPart * sizeof(Value)) Part { Value v[kPart]; };

template <int kPart> __device__ __forceinline__ Part<kPart> part_at(const Value* p) {
  return *reinterpret_cast<const Part<kPart>*>(p);
}

// The sums over the block of what each thread has, the same in every thread; warps beyond the block's count as nothing.
__device__ __forceinline__ void to_block(float& first, float& second) {
  __shared__ float firsts[kThreads / 32], seconds[kThreads / 32];
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) {
    first += __shfl_xor_sync(0xffffffffu, first, step);
    second += __shfl_xor_sync(0xffffffffu, second, step);
  }
  const int lane = threadIdx.x % 32;
  if (lane == 0) {
    firsts[threadIdx.x / 32] = first;
    seconds[threadIdx.x / 32] = second;
  }
  __syncthreads();
  first = lane < blockDim.x / 32 ? firsts[lane] : 0.0f;
  second = lane < blockDim.x / 32 ? seconds[lane] : 0.0f;
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) {
    first += __shfl_xor_sync(0xffffffffu, first, step);
    second += __shfl_xor_sync(0xffffffffu, second, step);
  }
}

// A thread's place in its group: rows `row`, `row + rows` … below `end`. What it loads beyond, of the last row, nobody uses:
// loads under a condition might wait for each other.
template <int kPart> struct Place {
  int row, end, last, channel;
  long long at;  // of its values at point 0
  __device__ __forceinline__ Place(int points, int channels, int size, int columns, int rows) {
    const unsigned column = threadIdx.x % (unsigned)columns;
    row = threadIdx.x / (unsigned)columns;
    end = row < rows ? points : 0;
    last = points - 1;
    channel = blockIdx.x * size + column * kPart;
    at = (long long)blockIdx.y * points * channels + channel;
  }
};

template <int kPart, int kCount>
__device__ __forceinline__ void whole_forward(
    const Value* __restrict__ x, const Value* __restrict__ added, int added_stride, const Value* __restrict__ weight,
    const Value* __restrict__ bias, Value* __restrict__ y, float* __restrict__ stats, int points, int channels, int size,
    int columns, int rows, float eps, int silu) {
  const Place<kPart> own(points, channels, size, columns, rows);
  // All that is read is asked for before anything is used.
  Part<kPart> held[kCount];
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    held[k] = part_at<kPart>(x + own.at + (long long)min(own.row + k * rows, own.last) * channels);
  }
  const Part<kPart> w = part_at<kPart>(weight + own.channel), more_bias = part_at<kPart>(bias + own.channel);
  const int begin = blockIdx.x * size;
  const float first = widen(x[(long long)blockIdx.y * points * channels + begin]) + added_to(added, added_stride, begin);
  float more[kPart];
#pragma unroll
  for (int i = 0; i < kPart; ++i) more[i] = added_to(added, added_stride, own.channel + i);

  float sum = 0, square = 0;
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    if (own.row + k * rows >= own.end) break;
#pragma unroll
    for (int i = 0; i < kPart; ++i) {
      const float d = widen(held[k].v[i]) - (first - more[i]);
      sum += d;
      square += d * d;
    }
  }
  to_block(sum, square);
  const float part = 1.0f / ((float)points * size), offset = sum * part;
  const float mean = first + offset, scale = rsqrtf(fmaxf(square * part - offset * offset, 0.0f) + eps);
  if (threadIdx.x == 0) {
    float* kept = stats + ((long long)blockIdx.y * gridDim.x + blockIdx.x) * 2;
    kept[0] = mean;
    kept[1] = scale;
  }
  float a[kPart], b[kPart];
#pragma unroll
  for (int i = 0; i < kPart; ++i) {
    a[i] = scale * widen(w.v[i]);
    b[i] = widen(more_bias.v[i]) + (more[i] - mean) * a[i];
  }
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    if (own.row + k * rows >= own.end) break;
    Part<kPart> out;
#pragma unroll
    for (int i = 0; i < kPart; ++i) {
      float z = widen(held[k].v[i]) * a[i] + b[i];
      if (silu) z *= sigmoid(z);
      out.v[i] = narrow(z);
    }
    *reinterpret_cast<Part<kPart>*>(y + own.at + (long long)(own.row + k * rows) * channels) = out;
  }
}

template <int kPart, int kCount>
__device__ __forceinline__ void whole_backward(
    const Value* __restrict__ dy, const Value* __restrict__ x, const Value* __restrict__ added, int added_stride,
    const float* __restrict__ stats, const Value* __restrict__ weight, const Value* __restrict__ bias,
    Value* __restrict__ dx, int points, int channels, int size, int columns, int rows, int silu) {
  const Place<kPart> own(points, channels, size, columns, rows);
  Part<kPart> held[kCount], up[kCount];
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    const long long at = own.at + (long long)min(own.row + k * rows, own.last) * channels;
    held[k] = part_at<kPart>(x + at);
    up[k] = part_at<kPart>(dy + at);
  }
  const Part<kPart> own_weight = part_at<kPart>(weight + own.channel), own_bias = part_at<kPart>(bias + own.channel);
  const float* kept = stats + ((long long)blockIdx.y * gridDim.x + blockIdx.x) * 2;
  const float scale = kept[1];
  float mean[kPart], w[kPart], b[kPart];
#pragma unroll
  for (int i = 0; i < kPart; ++i) {
    mean[i] = kept[0] - added_to(added, added_stride, own.channel + i);
    w[i] = widen(own_weight.v[i]);
    b[i] = widen(own_bias.v[i]);
  }

  float sum = 0, product = 0, g[kCount][kPart];
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    if (own.row + k * rows >= own.end) break;
#pragma unroll
    for (int i = 0; i < kPart; ++i) {
      const float n = (widen(held[k].v[i]) - mean[i]) * scale;
      g[k][i] = inner_gradient(widen(up[k].v[i]), n, w[i], b[i], silu);
      sum += g[k][i];
      product += g[k][i] * n;
    }
  }
  to_block(sum, product);
  const float part = 1.0f / ((float)points * size), mean_g = sum * part, mean_gn = product * part;
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    if (own.row + k * rows >= own.end) break;
    Part<kPart> out;
#pragma unroll
    for (int i = 0; i < kPart; ++i) {
      const float n = (widen(held[k].v[i]) - mean[i]) * scale;
      out.v[i] = narrow((g[k][i] - mean_g - n * mean_gn) * scale);
    }
    *reinterpret_cast<Part<kPart>*>(dx + own.at + (long long)(own.row + k * rows) * channels) = out;
  }
}

#define WHOLE(kPart, kCount)                                                                                              \
  extern "C" __global__ void __launch_bounds__(kThreads) whole_forward_##kPart##_##kCount(                                \
      const Value* x, const Value* added, int added_stride, const Value* weight, const Value* bias, Value* y,             \
      float* stats, int points, int channels, int size, int columns, int rows, float eps, int silu) {                     \
    whole_forward<kPart, kCount>(x, added, added_stride, weight, bias, y, stats, points, channels, size, columns, rows,   \
                                 eps, silu);                                                                              \
  }                                                                                                                       \
  extern "C" __global__ void __launch_bounds__(kThreads) whole_backward_##kPart##_##kCount(                               \
      const Value* dy, const Value* x, const Value* added, int added_stride, const float* stats, const Value* weight,     \
      const Value* bias, Value* dx, int points, int channels, int size, int columns, int rows, int silu) {                \
    whole_backward<kPart, kCount>(dy, x, added, added_stride, stats, weight, bias, dx, points, channels, size, columns,   \
                                  rows, silu);                                                                            \
  }

// As in `Whole` of group_norm.cc.
WHOLE(2, 12)
WHOLE(4, 12)
#if TYPE != 0
WHOLE(8, 3)
WHOLE(8, 6)
#endif
)cuda";
}

}  // namespace invseg::kernels
