#include "core/kernels/read_attention.h"

namespace invseg::kernels {

// Scores and probabilities [B][heads][points][stride], of which `keys` values a row count and the others become 0; map [B][points
// of all][keys]. A group of LANES threads has a row of one head at a time, kMine values a thread.
const char* read_attention_source() {
  return R"cuda(
constexpr int kMine = 8;

// The sum or the maximum over a group's threads. All threads of the block come here together.
template <int LANES, bool MAXIMUM>
__device__ __forceinline__ float across(float v, float* scratch) {
#pragma unroll
  for (int step = 16; step > 0; step >>= 1) {
    const float other = __shfl_xor_sync(0xffffffffu, v, step);
    v = MAXIMUM ? fmaxf(v, other) : v + other;
  }
  if (LANES > 32) {
    constexpr int kWarps = LANES / 32;
    __syncthreads();  // the scratch may still be read from the time before
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
    __syncthreads();
    const float* own = scratch + threadIdx.x / LANES * kWarps;
    v = own[0];
#pragma unroll
    for (int k = 1; k < kWarps; ++k) v = MAXIMUM ? fmaxf(v, own[k]) : v + own[k];
  }
  return v;
}

// softmax(scale * scores) of every head of one point, and the weighted sum over the heads. A block has a point.
// kept (float), half and map may each be null; kept may be the scores themselves. `adds`: to what is in map.
template <int LANES, int THREADS>
__device__ __forceinline__ void softmax_of_point(
    const float* scores, float* kept, Value* half, const float* __restrict__ weights, float* __restrict__ map, int heads,
    int points, int keys, int stride, long long map_batch, float scale, int adds) {
  constexpr int kGroups = THREADS / LANES;
  __shared__ float sums[THREADS * kMine];
  __shared__ float scratch[THREADS / 32];
  const int lane = threadIdx.x % LANES, group = threadIdx.x / LANES;
  const auto row_of = [&](int head) {
    return (((long long)blockIdx.y * heads + (head < heads ? head : 0)) * points + blockIdx.x) * stride;
  };
  const auto read = [&](int head, float* values) {
#pragma unroll
    for (int i = 0; i < kMine; ++i) {
      const int m = i * LANES + lane;
      values[i] = m < keys ? scores[row_of(head) + m] * scale : -3.0e38f;
    }
  };
  float total[kMine] = {}, coming[kMine];
  read(group, coming);
  for (int first = 0; first < heads; first += kGroups) {
    const int head = first + group;
    const bool active = head < heads;
    float v[kMine], top = -3.0e38f;
#pragma unroll
    for (int i = 0; i < kMine; ++i) {
      v[i] = coming[i];
      top = fmaxf(top, v[i]);
    }
    read(head + kGroups, coming);  // of the next head, while this one's threads wait for each other
    top = across<LANES, true>(top, scratch);
    float sum = 0;
#pragma unroll
    for (int i = 0; i < kMine; ++i) {
      v[i] = i * LANES + lane < keys ? expf(v[i] - top) : 0.0f;
      sum += v[i];
    }
    sum = across<LANES, false>(sum, scratch);
    if (active) {
      const float weight = weights == nullptr ? 0.0f : weights[head], part = 1.0f / sum;
      const long long row = row_of(head);
#pragma unroll
      for (int i = 0; i < kMine; ++i) {
        const int m = i * LANES + lane;
        const float p = v[i] * part;
        if (m < stride) {
          if (kept != nullptr) kept[row + m] = p;
          if (half != nullptr) half[row + m] = narrow(p);
        }
        total[i] += weight * p;
      }
    }
  }
  if (map == nullptr) return;
  float* out = map + blockIdx.y * map_batch + (long long)blockIdx.x * keys;
#pragma unroll
  for (int i = 0; i < kMine; ++i) sums[(group * kMine + i) * LANES + lane] = total[i];
  __syncthreads();
  for (int m = threadIdx.x; m < keys; m += THREADS) {
    float sum = 0;
    for (int g = 0; g < kGroups; ++g) sum += sums[g * kMine * LANES + m];
    out[m] = adds ? out[m] + sum : sum;
  }
}

// d scores from the gradients of the probabilities (through, may be null) and of the map (d_map, may be null). A group has a row.
template <int LANES, int THREADS>
__device__ __forceinline__ void softmax_gradient(
    const float* __restrict__ probabilities, const float* __restrict__ through, const float* __restrict__ d_map,
    const float* __restrict__ weights, Value* __restrict__ out, int rows, int heads, int points, int keys, int stride,
    float scale) {
  __shared__ float scratch[THREADS / 32];
  const int lane = threadIdx.x % LANES;
  const int wanted = blockIdx.x * (THREADS / LANES) + threadIdx.x / LANES;
  const bool active = wanted < rows;
  const long long row = active ? wanted : 0;
  const int point = row % points, head = row / points % heads, batch = row / points / heads;
  const float weight = d_map == nullptr ? 0.0f : weights[head];
  float p[kMine], g[kMine], dot = 0;
#pragma unroll
  for (int i = 0; i < kMine; ++i) {
    const int m = i * LANES + lane;
    p[i] = g[i] = 0;
    if (m < keys) {
      p[i] = probabilities[row * stride + m];
      if (through != nullptr) g[i] = through[row * stride + m];
      if (d_map != nullptr) g[i] += weight * d_map[((long long)batch * points + point) * keys + m];
    }
    dot += p[i] * g[i];
  }
  dot = across<LANES, false>(dot, scratch);
  if (!active) return;
#pragma unroll
  for (int i = 0; i < kMine; ++i) {
    const int m = i * LANES + lane;
    if (m < stride) out[row * stride + m] = narrow(m < keys ? scale * p[i] * (g[i] - dot) : 0.0f);
  }
}

#define READ_ATTENTION(LANES, THREADS)                                                                                  \
  extern "C" __global__ void __launch_bounds__(THREADS) softmax_##LANES(                                                \
      const float* scores, float* kept, Value* half, const float* weights, float* map, int heads, int points, int keys, \
      int stride, long long map_batch, float scale, int adds) {                                                                   \
    softmax_of_point<LANES, THREADS>(                                                                                   \
        scores, kept, half, weights, map, heads, points, keys, stride, map_batch, scale, adds);                               \
  }                                                                                                                     \
  extern "C" __global__ void __launch_bounds__(THREADS) softmax_gradient_##LANES(                                       \
      const float* probabilities, const float* through, const float* d_map, const float* weights, Value* out, int rows, \
      int heads, int points, int keys, int stride, float scale) {                                                       \
    softmax_gradient<LANES, THREADS>(                                                                                   \
        probabilities, through, d_map, weights, out, rows, heads, points, keys, stride, scale);                         \
  }
READ_ATTENTION(32, 256)
READ_ATTENTION(128, 256)
READ_ATTENTION(512, 512)
)cuda";
}

}  // namespace invseg::kernels
