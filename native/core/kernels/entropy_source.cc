#include "core/kernels/loss_sources.h"

namespace invseg::kernels {

// One block an image: it has few points, and its views' maps and gradients are all in reach of the block.
const char* entropy_source() {
  return R"cuda(
constexpr double kLogEps = 1e-8;

// As in step_loss.cc. Entry b of a batch is view b / images of image b % images. Maps have `columns` categories in memory, of which
// an image's are the first: what is beyond them is not read. Strides between entries and images are those of all columns.
struct Case {
  int views, images, points, columns, size, tiles;
  int normalise;  // 0 none, 1 l1, 2 softmax
  int overlap, sum, symmetric;
  double scale, centre, cluster_weight, alpha;
};

// The sum over a block's threads, in one order whatever the schedule; scratch holds a value a warp.
__device__ double block_sum(double value, double* scratch) {
  for (int mask = 16; mask > 0; mask >>= 1) value += __shfl_xor_sync(0xffffffffu, value, mask);
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  double sum = 0;
  for (int w = 0; w < blockDim.x / 32; ++w) sum += scratch[w];
  return sum;
}

// Along one axis: where the centre of the picture's pixel `at` lies in a view that begins at `start`, as a fraction of the view.
__device__ __forceinline__ float fraction_of(int at, int size, float start, float extent) {
  return ((at + 0.5f) / size - start) / extent;
}
__device__ __forceinline__ bool is_inside(float fraction) { return fraction >= 0.0f && fraction <= 1.0f; }
// The same in the view's pixels; beyond the centre of the outermost it stays there.
__device__ __forceinline__ float pixel_of(float fraction, int size) {
  return fminf(fmaxf(fraction * size - 0.5f, 0.0f), (float)(size - 1));
}

// The view's pixel `at` reaches the picture's pixels from `first` to `last`; one more on each side, for rounding.
__device__ __forceinline__ void reach_of(int at, int size, float start, float extent, int& first, int& last) {
  first = max(0, (int)floorf((start + (at - 0.5f) / size * extent) * size - 0.5f) - 1);
  last = min(size - 1, (int)ceilf((start + (at + 1.5f) / size * extent) * size - 0.5f) + 1);
}

// The entropy of one point's means m [categories]; they are replaced by its gradient to them.
__device__ double point_entropy(double* m, int categories, int normalise) {
  double top = 0, sum = 0, divisor = 1;
  if (normalise == 1) {
    for (int k = 0; k < categories; ++k) sum += m[k];
    divisor = sum > kLogEps ? sum : kLogEps;
  } else if (normalise == 2) {
    top = m[0];
    for (int k = 1; k < categories; ++k) top = m[k] > top ? m[k] : top;
    for (int k = 0; k < categories; ++k) sum += exp(m[k] - top);
    divisor = sum;
  }
  const auto normalised = [&](double value) { return (normalise == 2 ? exp(value - top) : value) / divisor; };
  const auto slope = [&](double q) { return -(log(q + kLogEps) + q / (q + kLogEps)); };
  double entropy = 0, through = 0;
  for (int k = 0; k < categories; ++k) {
    const double q = normalised(m[k]);
    entropy -= q * log(q + kLogEps);
    through += q * slope(q);
  }
  for (int k = 0; k < categories; ++k) {
    const double q = normalised(m[k]), d = slope(q);
    if (normalise == 0) m[k] = d;
    if (normalise == 1) m[k] = (d - (sum >= kLogEps ? through : 0.0)) / divisor;
    if (normalise == 2) m[k] = q * (d - through);
  }
  return entropy;
}

constexpr int kTogether = 4;  // categories of a point that a thread works on at once

// entropy [images], and its gradient [B][points][columns] to the maps; means [images][points][columns] is scratch.
__device__ void entropy_of(
    const Case& c, int image, int categories, const float* maps, const float* boxes, double* means, double* entropy,
    float* gradient, double* scratch) {
  const int size = c.size, columns = c.columns, chunks = (categories + kTogether - 1) / kTogether;
  means += (long long)image * c.points * columns;
  double total = 0, region = 0;
  for (int n = threadIdx.x; n < c.points; n += blockDim.x) {
    const int y = n / size, x = n % size;
    double* const own = means + (long long)n * categories;
    int covering = 0;
    for (int first = 0; first < categories; first += kTogether) {
      double sum[kTogether] = {};
      covering = 0;
      for (int v = 0; v < c.views; ++v) {
        const int b = v * c.images + image;
        const float* box = boxes + b * 4;
        const float fy = fraction_of(y, size, box[0], box[2]), fx = fraction_of(x, size, box[1], box[3]);
        if (!is_inside(fy) || !is_inside(fx)) continue;
        ++covering;
        const float py = pixel_of(fy, size), px = pixel_of(fx, size);
        const int above = (int)py, left = (int)px;
        const int below = min(above + 1, size - 1), right = min(left + 1, size - 1);
        const float wy = py - above, wx = px - left;
        const float* map = maps + (long long)b * c.points * columns;
        for (int k = 0; k < kTogether; ++k) {
          if (first + k >= categories) break;
          const auto value = [&](int row, int column) { return map[(row * size + column) * columns + first + k]; };
          sum[k] += (1.0 - wy) * ((1.0 - wx) * value(above, left) + wx * (double)value(above, right)) +
                    wy * ((1.0 - wx) * value(below, left) + wx * (double)value(below, right));
        }
      }
      for (int k = 0; k < kTogether; ++k) {
        if (first + k < categories) own[first + k] = sum[k] / max(covering, 1);
      }
    }
    const bool counts = covering >= (c.overlap ? c.views : 1);
    const double point = point_entropy(own, categories, c.normalise);
    if (counts) {
      total += point;
      region += 1;
    }
    for (int k = 0; k < categories; ++k) own[k] = counts ? own[k] / covering : 0.0;
  }
  total = block_sum(total, scratch);
  region = block_sum(region, scratch);
  const double share = c.sum ? 1.0 : 1.0 / (region > 1.0 ? region : 1.0);
  if (threadIdx.x == 0) entropy[image] = total * share;

  // What a view's pixel gave to the points around it, gathered.
  for (int item = threadIdx.x; item < c.views * c.points * chunks; item += blockDim.x) {
    const int first = item % chunks * kTogether, n = item / chunks % c.points, b = item / chunks / c.points * c.images + image;
    const int row = n / size, column = n % size;
    const float* box = boxes + b * 4;
    int y0, y1, x0, x1;
    reach_of(row, size, box[0], box[2], y0, y1);
    reach_of(column, size, box[1], box[3], x0, x1);
    double sum[kTogether] = {};
    for (int y = y0; y <= y1; ++y) {
      const float fy = fraction_of(y, size, box[0], box[2]);
      const float wy = 1.0f - fabsf(pixel_of(fy, size) - row);
      if (!is_inside(fy) || !(wy > 0.0f)) continue;
      for (int x = x0; x <= x1; ++x) {
        const float fx = fraction_of(x, size, box[1], box[3]);
        const float wx = 1.0f - fabsf(pixel_of(fx, size) - column);
        if (!is_inside(fx) || !(wx > 0.0f)) continue;
        const double* own = means + (long long)(y * size + x) * categories + first;
        for (int k = 0; k < kTogether; ++k) {
          if (first + k < categories) sum[k] += (double)wy * wx * own[k];
        }
      }
    }
    for (int k = 0; k < kTogether; ++k) {
      if (first + k < categories) gradient[((long long)b * c.points + n) * columns + first + k] = sum[k] * share;
    }
  }
}
)cuda";
}

}  // namespace invseg::kernels
