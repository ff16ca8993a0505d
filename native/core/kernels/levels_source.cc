#include "core/kernels/levels.h"

namespace invseg::kernels {

// The frame has size^2 points, a level side^2. Planes [categories + 1][side^2]: the last one belongs to a category that is 1
// everywhere. All sums are float32 and in one order.
const char* levels_source() {
  return R"cuda(
constexpr int kBlock = 256;
static_assert(kBlock <= kThreads);

// The weight of pixel j in the bilinear value of the frame's pixel i; the same as a row of the resize matrix.
__device__ __forceinline__ float hat(int i, int j, int side, double scale) {
  double at = (i + 0.5) * scale - 0.5;
  at = at < 0 ? 0 : at > side - 1 ? side - 1 : at;
  const double away = at < j ? j - at : at - j;
  return away < 1 ? 1 - away : 0;
}

// Transposed enlargement of keys: planes[c][j] = the sum over the frame's points of their weight of j times x[point][c].
// `lanes`, a power of two up to 32, share a value: at the coarse levels it has hundreds of summands.
extern "C" __global__ void __launch_bounds__(kBlock) shrink_columns(
    const float* __restrict__ x, float* __restrict__ planes, int size, int side, int categories, int lanes) {
  const int points = side * side, values = (categories + 1) * points;
  const int own = (blockIdx.x * kBlock + threadIdx.x) / lanes, lane = threadIdx.x % lanes;
  const int value = own < values ? own : values - 1;  // everybody comes to the shuffles
  const int c = value / points, j = value % points, jy = j / side, jx = j % side;
  float sum = 0;
  if (side == size) {
    sum = c < categories ? x[(long long)j * categories + c] : 1.0f;  // lanes is 1
  } else {
    const double scale = (double)side / size, wide = (double)size / side;
    // Frame pixels within one pixel of j, and beyond the edge those that are clamped to it; a few more weigh nothing.
    const auto first = [&](int k) { const int i = (int)((k - 0.5) * wide - 0.5); return k == 0 || i < 0 ? 0 : i; };
    const auto end = [&](int k) { const int i = (int)((k + 1.5) * wide + 1.5); return k == side - 1 || i > size ? size : i; };
    const int top = first(jy), left = first(jx), width = end(jx) - left, count = (end(jy) - top) * width;
    for (int p = lane; p < count; p += lanes) {
      const int iy = top + p / width, ix = left + p % width;
      const float weight = hat(iy, jy, side, scale) * hat(ix, jx, side, scale);
      sum += weight * (c < categories ? x[((long long)iy * size + ix) * categories + c] : 1.0f);
    }
    for (int mask = lanes / 2; mask > 0; mask >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, mask);
  }
  if (lane == 0 && own < values) planes[own] = sum;
}

constexpr int kRows = 4;

// out[c][row] = map[row] . planes[c] for `count` <= COLUMNS planes from `begin` on. A block has kRows rows, so that what it reads of
// the planes serves several of them. points is a multiple of 4, as kRows is.
template <int COLUMNS>
__device__ __forceinline__ void rows_times(
    const float* __restrict__ map, const float* __restrict__ planes, float* __restrict__ out, int points, int begin,
    int count) {
  __shared__ float scratch[kRows * COLUMNS][kBlock / 32];
  const int row = blockIdx.x * kRows, packs = points / 4;
  float sums[kRows][COLUMNS] = {};
  for (int k = threadIdx.x; k < packs; k += kBlock) {
    float4 own[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r) own[r] = reinterpret_cast<const float4*>(map + (long long)(row + r) * points)[k];
#pragma unroll
    for (int c = 0; c < COLUMNS; ++c) {
      const int plane = begin + (c < count ? c : 0);
      const float4 p = reinterpret_cast<const float4*>(planes + (long long)plane * points)[k];
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        sums[r][c] += own[r].x * p.x + own[r].y * p.y + (own[r].z * p.z + own[r].w * p.w);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
#pragma unroll
    for (int c = 0; c < COLUMNS; ++c) {
      float v = sums[r][c];
#pragma unroll
      for (int mask = 16; mask > 0; mask >>= 1) v += __shfl_xor_sync(0xffffffffu, v, mask);
      if (threadIdx.x % 32 == 0) scratch[r * COLUMNS + c][threadIdx.x / 32] = v;
    }
  }
  __syncthreads();
  if (threadIdx.x >= kRows * COLUMNS) return;
  const int r = threadIdx.x / COLUMNS, c = threadIdx.x % COLUMNS;
  if (c >= count) return;
  float sum = 0;
  for (int w = 0; w < kBlock / 32; ++w) sum += scratch[threadIdx.x][w];
  out[(long long)(begin + c) * points + row + r] = sum;
}

#define ROWS_TIMES(COLUMNS)                                                                                     \
  extern "C" __global__ void __launch_bounds__(kBlock) rows_times_##COLUMNS(                                    \
      const float* map, const float* planes, float* out, int points, int begin, int count) {                    \
    rows_times<COLUMNS>(map, planes, out, points, begin, count);                                                \
  }
ROWS_TIMES(2)
ROWS_TIMES(4)
ROWS_TIMES(8)

struct Level {
  const float* product;  // [categories + 1][side^2]
  float weight;
  int side;
};

// out[point][c] = the sum over the levels of weight * product[c] / product[categories] of the nearest point there. Without `divide`
// the maps were normalised before.
extern "C" __global__ void __launch_bounds__(kBlock) join_levels(
    Level first, Level second, Level third, Level fourth, int levels, float* __restrict__ out, int size, int categories,
    int divide, float floor) {
  const int at = blockIdx.x * kBlock + threadIdx.x;
  if (at >= size * size * categories) return;
  const int c = at % categories, point = at / categories, y = point / size, x = point % size;
  float sum = 0;
  for (int k = 0; k < levels; ++k) {
#define CHOSEN(field) (k == 0 ? first.field : k == 1 ? second.field : k == 2 ? third.field : fourth.field)
    const int side = CHOSEN(side), j = (2 * y + 1) * side / (2 * size) * side + (2 * x + 1) * side / (2 * size);
    const float* product = CHOSEN(product);
    const float weight = CHOSEN(weight), all = product[categories * side * side + j];
#undef CHOSEN
    sum += product[c * side * side + j] * (divide ? weight / (all < floor ? floor : all) : weight);
  }
  out[at] = sum;
}
)cuda";
}

}  // namespace invseg::kernels
