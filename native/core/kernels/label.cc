#include "core/kernels/label.h"

#include <algorithm>

#include "core/kernels/program.h"

namespace invseg {

namespace kernels {

// What `Enlarger` of labels.cc computes: columns by two weights, rows by LibTorch's lerp, the first largest value.
const char* label_source() {
  return R"cuda(
constexpr int kBlock = 256;
static_assert(kBlock <= kThreads);

// The two pixels that pixel i lies between, and how far it is from the first.
struct Between { int first, second; double share; };
__device__ __forceinline__ Between between(int i, int size, double scale) {
  double at = (i + 0.5) * scale - 0.5;
  at = at < 0 ? 0 : at > size - 1 ? size - 1 : at;
  const int first = (int)at;
  return {first, first + 1 < size ? first + 1 : first, at - first};
}

// maps: value of category c at row y, column x is maps[c * by_category + y * by_row + x * by_column].
// A block takes every gridDim.x-th run of kBlock pixels. partial [blocks][categories][2]: pixels, and the sum of their values.
extern "C" __global__ void __launch_bounds__(kBlock) label_pixels(
    const float* __restrict__ maps, long long by_category, long long by_row, long long by_column,
    unsigned char* __restrict__ labels, double* __restrict__ partial, int size, int categories, int width, int height) {
  __shared__ unsigned char label_of[kBlock];
  __shared__ float value_of[kBlock];
  const int pixels = width * height, runs = (pixels + kBlock - 1) / kBlock;
  double area = 0, sum = 0;  // of category threadIdx.x
  for (int run = blockIdx.x; run < runs; run += gridDim.x) {
    const int pixel = run * kBlock + threadIdx.x;
    int label = 255;
    float best = 0;
    if (pixel < pixels) {
      const Between row = between(pixel / width, size, (double)size / height);
      const Between column = between(pixel % width, size, (double)size / width);
      const float right = (float)(1 - (1 - column.share)), left = (float)(1 - column.share), share = (float)row.share;
      const long long above = row.first * by_row, below = row.second * by_row;
      const long long first = column.first * by_column, second = column.second * by_column;
      for (int c = 0; c < categories; ++c) {
        const float* map = maps + c * by_category;
        const float a = left * map[above + first] + right * map[above + second];
        const float b = left * map[below + first] + right * map[below + second];
        const float value = share < 0.5f ? a + share * (b - a) : b - (b - a) * (1 - share);
        if (c == 0 || value > best || (value != value && best == best)) {
          best = value;
          label = c;
        }
      }
      labels[pixel] = label;
    }
    __syncthreads();  // the run before has been counted
    label_of[threadIdx.x] = label;
    value_of[threadIdx.x] = best;
    __syncthreads();
    if (threadIdx.x < categories) {
      for (int i = 0; i < kBlock; ++i) {
        if (label_of[i] != threadIdx.x) continue;
        area += 1;
        sum += value_of[i];
      }
    }
  }
  if (threadIdx.x < categories) {
    double* own = partial + 2 * ((long long)blockIdx.x * categories + threadIdx.x);
    own[0] = area;
    own[1] = sum;
  }
}

// Grid (2 * categories): out[i] = the sum of partial[block][i] over the blocks.
extern "C" __global__ void __launch_bounds__(kBlock) add_partials(
    const double* __restrict__ partial, double* __restrict__ out, int blocks, int values) {
  __shared__ double scratch[kBlock / 32];
  double sum = 0;
  for (int b = threadIdx.x; b < blocks; b += kBlock) sum += partial[(long long)b * values + blockIdx.x];
  for (int mask = 16; mask > 0; mask >>= 1) sum += __shfl_xor_sync(0xffffffffu, sum, mask);
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  sum = 0;
  for (int w = 0; w < kBlock / 32; ++w) sum += scratch[w];
  out[blockIdx.x] = sum;
}
)cuda";
}

}  // namespace kernels

std::optional<LabelledPixels> label_on_kernels(const at::Tensor& maps, int64_t width, int64_t height) {
  constexpr int64_t kBlock = 256;          // as in the source
  constexpr int64_t kMostCategories = 32;  // fewer than its threads: each adds up one
  constexpr int64_t kMostPixels = int64_t{1} << 30;
  if (maps.scalar_type() != at::kFloat || maps.size(0) > kMostCategories || maps.size(1) > 4096 ||
      width > kMostPixels / height || !kernels::available(maps.device())) {
    return std::nullopt;
  }
  const at::Device device = maps.device();
  const int64_t pixels = width * height, values = 2 * maps.size(0);
  const int64_t runs = (pixels + kBlock - 1) / kBlock, blocks = std::min(runs, kernels::kMultiprocessors * 8);
  const auto doubles = maps.options().dtype(at::kDouble);
  const at::Tensor partial = at::empty({blocks, values}, doubles);
  // Sums and labels travel in one copy. The labels' memory is the first, as whoever is given them alone expects.
  const int64_t label_bytes = (pixels + 15) / 16 * 16, sum_bytes = values * static_cast<int64_t>(sizeof(double));
  const at::Tensor all = at::empty({label_bytes + sum_bytes}, maps.options().dtype(at::kByte));
  auto* labels = all.mutable_data_ptr<uint8_t>();
  void *sums = labels + label_bytes, *parts = partial.mutable_data_ptr();
  const void* from = maps.const_data_ptr();
  long long by_category = maps.stride(0), by_row = maps.stride(1), by_column = maps.stride(2);
  int size = static_cast<int>(maps.size(1)), categories = static_cast<int>(maps.size(0)),
      columns = static_cast<int>(width), rows = static_cast<int>(height), number = static_cast<int>(blocks),
      each = static_cast<int>(values);
  const auto kernel = [&](const char* name) {
    return kernels::compile(kernels::label_source(), name, at::kFloat, device);
  };
  kernels::launch(
      kernel("label_pixels"), {blocks}, kBlock,
      {&from, &by_category, &by_row, &by_column, &labels, &parts, &size, &categories, &columns, &rows}, device);
  kernels::launch(kernel("add_partials"), {values}, kBlock, {&parts, &sums, &number, &each}, device);
  const at::Tensor host = all.cpu();
  const at::Tensor tallied = host.narrow(0, label_bytes, sum_bytes).view(at::kDouble).view({-1, 2});  // [C, 2]
  return LabelledPixels{
      host.narrow(0, 0, pixels).view({height, width}), tallied.select(1, 0).clone(), tallied.select(1, 1).clone()};
}

}  // namespace invseg
