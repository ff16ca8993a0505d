#include <string>

#include "core/kernels/loss_sources.h"

namespace invseg::kernels {
namespace {

// With X = [anchors, maps] transposed [2C, N], L = log(P + eps) and H the row sums of P L,
//
//     U = X P, V = X L, w = X H, t = X 1,   a S m = w_a t_m + t_a w_m - U_a V_m - V_a U_m.
//
// Everything is summed in float64, so that nothing has to be centred first (pair_distances.cc centres what it sums in float32).
// All three are sums over the rows of P of something that stands in one column, so that a block that owns columns has no partial
// U and V; the gradients are sums over columns, so that a warp owns a row.
constexpr const char* kCluster = R"cuda(
constexpr int kBlock = 256;
static_assert(kBlock <= kThreads);
constexpr int kTile = 8;            // columns of P that a block sums over
constexpr int kLanes = kBlock / 8;  // rows of P that it works on at once
constexpr int kSlab = 128;          // rows of P whose values of X are in shared memory
constexpr int kChunk = 8;           // rows of X that a thread works on at once
constexpr int kMostCategories = 64;
constexpr int kRowWarps = 4;        // rows of P that a block of loss_rows works on
constexpr double kSumFloor = 1e-8;

struct alignas(16) Both { double u, v; };    // of one row of X and one column of P
struct alignas(16) Slopes { double w, t; };  // d loss / d w and t of one row of X

// X of one point, whose maps are given; 0 beyond its rows.
__device__ __forceinline__ double anchor_or_map(const float* maps, int row, int categories, const Case& c) {
  if (row >= 2 * categories) return 0;
  if (row >= categories) return maps[row - categories];
  return 1.0 / (1.0 + exp(c.scale * (c.centre - maps[row])));
}

// Where entry b's partial sums begin.
__device__ __forceinline__ long long partial_of(const Case& c, int b) {
  return (long long)b * (c.columns + 4) * c.columns * c.tiles;
}

// Grid (tiles + 1, B). sums [B][2C][N] is U and V; partial [B][C C + 4C][tiles] is of each tile's columns sum_j U_a V_m + V_a U_m,
// then w and t; where an image has fewer categories than columns, so many of the first. The block beyond the tiles makes an image's
// entropy meanwhile.
extern "C" __global__ void __launch_bounds__(kBlock, 1) loss_columns(
    Case c, const float* __restrict__ self, const float* __restrict__ maps, const float* __restrict__ boxes,
    const int* __restrict__ counts, Both* __restrict__ sums, double* __restrict__ partial, double* __restrict__ means,
    double* __restrict__ entropy, float* __restrict__ entropy_gradient) {
  __shared__ double x[kSlab][kChunk];
  __shared__ double reduced[kBlock / 32][4][kChunk][kTile];
  __shared__ Both tile[2 * kMostCategories][kTile];
  const int b = blockIdx.y, points = c.points, categories = counts[b % c.images];
  const int rows = 2 * categories, pairs = categories * categories;
  if (blockIdx.x == c.tiles) {
    if (b < c.images) entropy_of(c, b, categories, maps, boxes, means, entropy, entropy_gradient, &x[0][0]);
    return;
  }
  self += (long long)b * points * points;
  maps += (long long)b * points * c.columns;
  sums += (long long)b * 2 * c.columns * points;
  partial += partial_of(c, b) + blockIdx.x;
  const int column = threadIdx.x % kTile, lane = threadIdx.x / kTile, j = blockIdx.x * kTile + column;

  for (int first = 0; first < rows; first += kChunk) {
    double u[kChunk] = {}, v[kChunk] = {}, w[kChunk] = {}, t[kChunk] = {};
    for (int begin = 0; begin < points; begin += kSlab) {
      const int count = min(kSlab, points - begin);
      __syncthreads();
      for (int k = threadIdx.x; k < count * kChunk; k += kBlock) {
        const int point = k / kChunk;
        x[point][k % kChunk] = anchor_or_map(maps + (begin + point) * c.columns, first + k % kChunk, categories, c);
      }
      __syncthreads();
      if (j >= points) continue;
#pragma unroll 4
      for (int r = lane; r < count; r += kLanes) {
        const double p = self[(long long)(begin + r) * points + j], l = log(p + kLogEps), h = p * l;
#pragma unroll
        for (int k = 0; k < kChunk; ++k) {
          const double own = x[r][k];
          u[k] += own * p;
          v[k] += own * l;
          w[k] += own * h;
          t[k] += own;
        }
      }
    }
    double (*const of_warp)[kChunk][kTile] = reduced[threadIdx.x / 32];
#pragma unroll
    for (int k = 0; k < kChunk; ++k) {
      for (int mask = kTile; mask < 32; mask <<= 1) {
        u[k] += __shfl_xor_sync(0xffffffffu, u[k], mask);
        v[k] += __shfl_xor_sync(0xffffffffu, v[k], mask);
        w[k] += __shfl_xor_sync(0xffffffffu, w[k], mask);
        t[k] += __shfl_xor_sync(0xffffffffu, t[k], mask);
      }
      if (threadIdx.x % 32 < kTile) {
        of_warp[0][k][column] = u[k];
        of_warp[1][k][column] = v[k];
        of_warp[2][k][column] = w[k];
        of_warp[3][k][column] = t[k];
      }
    }
    __syncthreads();
    // A thread for each of the 4 x kChunk x kTile sums.
    const int kind = threadIdx.x / (kChunk * kTile), k = threadIdx.x / kTile % kChunk, row = first + k;
    double sum = 0;
    for (int warp = 0; warp < kBlock / 32; ++warp) sum += reduced[warp][kind][k][column];
    double along = sum;  // over the columns
    for (int mask = 1; mask < kTile; mask <<= 1) along += __shfl_xor_sync(0xffffffffu, along, mask);
    if (row < rows) {
      if (kind == 0) tile[row][column].u = sum;
      if (kind == 1) tile[row][column].v = sum;
      // The first column is there in every tile; t is the same in all columns.
      if (kind == 2 && column == 0) partial[(long long)(pairs + row) * c.tiles] = along;
      if (kind == 3 && column == 0) partial[(long long)(pairs + rows + row) * c.tiles] = sum;
    }
  }
  __syncthreads();
  for (int k = threadIdx.x; k < rows * kTile; k += kBlock) {
    if (j < points) sums[(long long)(k / kTile) * points + j] = tile[k / kTile][column];
  }
  for (int k = threadIdx.x; k < pairs; k += kBlock) {
    const Both *a = tile[k / categories], *m = tile[categories + k % categories];
    double sum = 0;
    for (int i = 0; i < kTile; ++i) sum += a[i].u * m[i].v + a[i].v * m[i].u;
    partial[(long long)k * c.tiles] = sum;
  }
}

// Of entry b, in the whole block: w and t, and the distances G [C][C] (row: anchor) in `distances`.
__device__ void distances_of(
    const Case& c, int categories, const double* partial, int b, double* distances, double* w, double* t) {
  const int rows = 2 * categories, pairs = categories * categories;
  partial += partial_of(c, b);
  __syncthreads();
  for (int k = threadIdx.x / 32; k < pairs + rows; k += kBlock / 32) {
    double sum = 0;
    for (int i = threadIdx.x % 32; i < c.tiles; i += 32) sum += partial[(long long)k * c.tiles + i];
    for (int mask = 16; mask > 0; mask >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, mask);
    if (threadIdx.x % 32 == 0) (k < pairs ? distances[k] : w[k - pairs]) = sum;
  }
  for (int k = threadIdx.x; k < rows; k += kBlock) t[k] = partial[(long long)(pairs + rows + k) * c.tiles];
  __syncthreads();
  for (int k = threadIdx.x; k < pairs; k += kBlock) {
    const int a = k / categories, m = categories + k % categories;
    const double area = t[a] * t[m];
    distances[k] = (w[a] * t[m] + t[a] * w[m] - distances[k]) / (area > kSumFloor ? area : kSumFloor);
  }
  __syncthreads();
}

// How much of G[a][m] is in inter.
__device__ __forceinline__ double share_of_inter(const Case& c, int a, int m) {
  if (a == m) return 0;
  return c.symmetric ? 0.5 : a > m ? 1.0 : 0.0;
}
// What inter is multiplied by in the loss of one view.
__device__ __forceinline__ double inter_weight(int categories) {
  return categories > 1 ? -2.0 / (categories * (categories - 1.0)) : 0.0;
}

// Grid (tiles + 1, B). The tiles' blocks leave d total / d U and V in slopes [B][2C][N] and to w and t in own_slopes [B][2C]; the
// block beyond them an image's total [images] and parts [images][5]: total, cluster, entropy, intra, inter.
extern "C" __global__ void __launch_bounds__(kBlock, 1) loss_pairs(
    Case c, const int* __restrict__ counts, const Both* __restrict__ sums, const double* __restrict__ partial,
    const double* __restrict__ entropy, Both* __restrict__ slopes, Slopes* __restrict__ own_slopes,
    double* __restrict__ total, double* __restrict__ parts) {
  __shared__ double g[kMostCategories * kMostCategories], w[2 * kMostCategories], t[2 * kMostCategories];
  __shared__ double scratch[kBlock / 32];
  const int b = blockIdx.y, categories = counts[b % c.images];
  const int rows = 2 * categories, pairs = categories * categories;
  if (blockIdx.x == c.tiles) {
    if (b >= c.images) return;
    double intra = 0, inter = 0;
    for (int v = 0; v < c.views; ++v) {
      distances_of(c, categories, partial, v * c.images + b, g, w, t);
      for (int k = threadIdx.x; k < pairs; k += kBlock) {
        const int a = k / categories, m = k % categories;
        if (a == m) intra += g[k];
        const double share = share_of_inter(c, a, m);
        if (share > 0) inter += share * g[k];
      }
    }
    intra = block_sum(intra, scratch) / c.views;
    inter = block_sum(inter, scratch) / c.views;
    if (threadIdx.x == 0) {
      const double cluster = intra / categories + (categories > 1 ? inter_weight(categories) * inter : 0.0);
      total[b] = parts[b * 5] = c.cluster_weight * cluster + c.alpha * entropy[b];
      parts[b * 5 + 1] = cluster;
      parts[b * 5 + 2] = entropy[b];
      parts[b * 5 + 3] = intra;
      parts[b * 5 + 4] = inter;
    }
    return;
  }
  distances_of(c, categories, partial, b, g, w, t);
  // From G[a][m] to d total / d (a S m), in its place; through the area it is -G times that.
  double* const upstream = g;
  const double weight = c.cluster_weight / c.views;
  if (blockIdx.x == 0) {
    for (int k = threadIdx.x; k < rows; k += kBlock) {
      Slopes own = {0, 0};
      for (int i = 0; i < categories; ++i) {
        const int a = k < categories ? k : i, m = k < categories ? i : k - categories;
        const int other = k < categories ? categories + i : i;
        const double area = t[a] * t[categories + m];
        const double to_pair = (a == m ? 1.0 / categories : inter_weight(categories) * share_of_inter(c, a, m)) * weight;
        if (to_pair == 0) continue;
        const double d = to_pair / (area > kSumFloor ? area : kSumFloor);
        const double d_area = area > kSumFloor ? -d * g[a * categories + m] : 0.0;
        own.w += d * t[other];
        own.t += d * w[other] + d_area * t[other];
      }
      own_slopes[(long long)b * 2 * c.columns + k] = own;
    }
    __syncthreads();
  }
  for (int k = threadIdx.x; k < pairs; k += kBlock) {
    const int a = k / categories, m = k % categories;
    const double area = t[a] * t[categories + m];
    const double to_pair = (a == m ? 1.0 / categories : inter_weight(categories) * share_of_inter(c, a, m)) * weight;
    upstream[k] = to_pair / (area > kSumFloor ? area : kSumFloor);
  }
  __syncthreads();
  sums += (long long)b * 2 * c.columns * c.points;
  slopes += (long long)b * 2 * c.columns * c.points;
  for (int k = threadIdx.x; k < rows * kTile; k += kBlock) {
    const int row = k / kTile, j = blockIdx.x * kTile + k % kTile;
    if (j >= c.points) continue;
    Both slope = {0, 0};
    for (int i = 0; i < categories; ++i) {
      const double d = row < categories ? upstream[row * categories + i] : upstream[i * categories + row - categories];
      const Both other = sums[(long long)(row < categories ? categories + i : i) * c.points + j];
      slope.u -= d * other.v;
      slope.v -= d * other.u;
    }
    slopes[(long long)row * c.points + j] = slope;
  }
}

// Grid (points / kRowWarps, B). d_maps [B][N][C], and d_self [B][N][N] unless null, for the gradients upstream [images] of the totals.
extern "C" __global__ void __launch_bounds__(kRowWarps * 32, 1) loss_rows(
    Case c, const int* __restrict__ counts, const double* __restrict__ upstream, const float* __restrict__ self,
    const float* __restrict__ maps, const Both* __restrict__ slopes, const Slopes* __restrict__ own_slopes,
    const float* __restrict__ entropy_gradient, float* __restrict__ d_maps, float* __restrict__ d_self) {
  __shared__ double x[kRowWarps][kChunk], dx[kRowWarps][2 * kMostCategories];
  const int b = blockIdx.y, points = c.points, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int categories = counts[b % c.images], rows = 2 * categories;
  const int row = blockIdx.x * kRowWarps + warp;
  const int i = min(row, points - 1);  // a warp without a row repeats the last one and keeps nothing
  const double up = upstream[b % c.images];
  const long long from = ((long long)b * points + i) * points, map = ((long long)b * points + i) * c.columns;
  slopes += (long long)b * 2 * c.columns * points;
  own_slopes += (long long)b * 2 * c.columns;
  const bool to_self = d_self != nullptr && row < points;
  for (int first = 0; first < rows; first += kChunk) {
    __syncwarp();
    if (lane < kChunk) x[warp][lane] = up * anchor_or_map(maps + map, first + lane, categories, c);
    __syncwarp();
    double own[kChunk], dw[kChunk], sum[kChunk] = {};
#pragma unroll
    for (int k = 0; k < kChunk; ++k) {
      own[k] = x[warp][k];
      dw[k] = first + k < rows ? own_slopes[first + k].w : 0.0;
    }
#pragma unroll 2
    for (int j = lane; j < points; j += 32) {
      const double p = self[from + j], l = log(p + kLogEps), inverse = 1.0 / (p + kLogEps);
      double d = to_self && first > 0 ? d_self[from + j] : 0.0;
#pragma unroll
      for (int k = 0; k < kChunk; ++k) {
        if (first + k >= rows) continue;
        const Both slope = slopes[(long long)(first + k) * points + j];
        const double to_p = slope.u + dw[k] * l;
        sum[k] += p * to_p + l * slope.v;
        d += own[k] * (to_p + (slope.v + dw[k] * p) * inverse);
      }
      if (to_self) d_self[from + j] = d;
    }
#pragma unroll
    for (int k = 0; k < kChunk; ++k) {
      for (int mask = 16; mask > 0; mask >>= 1) sum[k] += __shfl_xor_sync(0xffffffffu, sum[k], mask);
      if (lane == 0 && first + k < rows) dx[warp][first + k] = up * (sum[k] + own_slopes[first + k].t);
    }
  }
  __syncwarp();
  if (row >= points) return;
  for (int k = lane; k < c.columns; k += 32) {
    if (k >= categories) {
      d_maps[map + k] = 0;
      continue;
    }
    const double anchor = anchor_or_map(maps + map, k, categories, c);
    d_maps[map + k] = dx[warp][categories + k] + dx[warp][k] * c.scale * anchor * (1.0 - anchor) +
                      up * c.alpha * entropy_gradient[map + k];
  }
}
)cuda";

}  // namespace

const char* loss_source() {
  static const std::string text = std::string(entropy_source()) + kCluster;
  return text.c_str();
}

}  // namespace invseg::kernels
