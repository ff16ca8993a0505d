#include "core/kernels/unfold.h"

#include <algorithm>

#include "core/kernels/fused.h"
#include "core/kernels/program.h"

namespace invseg {

namespace kernels {

const char* unfold_source() {
  return R"cuda(
// x [pictures][height][width][channels], its distances in values given -> rows [pictures][lines][points][length]: side * side *
// channels values around a point, then zeros. A block in y is a line of the result; a thread writes one pack of several rows.
constexpr int kMostLength = 64;
extern "C" __global__ void __launch_bounds__(kThreads) unfold(
    const Value* __restrict__ x, Value* __restrict__ rows, int height, int width, int channels, int side, int border,
    int length, int lines, int points, long long picture, int line, int point, int channel) {
  __shared__ int downs[kMostLength], rights[kMostLength], offsets[kMostLength];
  // Where each value of a row comes from, once a block: divisions take longer than all the rest.
  for (int j = threadIdx.x; j < length; j += blockDim.x) {
    const int tap = j / channels, down = tap / side - border, right = tap % side - border;
    downs[j] = tap < side * side ? down : -(1 << 30);
    rights[j] = right;
    offsets[j] = down * line + right * point + j % channels * channel;
  }
  __syncthreads();
  const int packs = length / kWide, own = threadIdx.x % packs, across = blockDim.x / packs;
  const int first = threadIdx.x / packs;
  if (first >= across) return;
  const int y = blockIdx.y % lines;
  const Value* from = x + blockIdx.y / lines * picture + (long long)y * line;
  int right[kWide], offset[kWide];
  bool there[kWide];
#pragma unroll
  for (int i = 0; i < kWide; ++i) {
    const int j = own * kWide + i;
    right[i] = rights[j];
    offset[i] = offsets[j];
    there[i] = y + downs[j] >= 0 && y + downs[j] < height;
  }
  Pack* to = reinterpret_cast<Pack*>(rows) + (long long)blockIdx.y * points * packs + own;
  for (int p = blockIdx.x * across + first; p < points; p += gridDim.x * across) {
    Pack pack;
#pragma unroll
    for (int i = 0; i < kWide; ++i) {
      const bool inside = there[i] && p + right[i] >= 0 && p + right[i] < width;
      pack.v[i] = inside ? from[(long long)p * point + offset[i]] : Value(0);
    }
    to[(long long)p * packs] = pack;
  }
}
)cuda";
}

}  // namespace kernels

namespace {

using kernels::kThreads;

constexpr int64_t kMostLength = 64;  // as in the source

/** Rows [B·h'·w', length] of x [B, C, h, w], h' and w' as of a convolution with the same side and padding. */
at::Tensor unfolded(const at::Tensor& x, int64_t kernel, int64_t padding, int64_t columns) {
  const int64_t h = x.size(2) + 2 * padding - kernel + 1, w = x.size(3) + 2 * padding - kernel + 1;
  at::Tensor rows = at::empty({x.size(0) * h * w, columns}, x.options().memory_format(at::MemoryFormat::Contiguous));
  const void* from = x.const_data_ptr();
  void* to = rows.mutable_data_ptr();
  const auto number = [](int64_t value) { return static_cast<int>(value); };
  int height = number(x.size(2)), width = number(x.size(3)), channels = number(x.size(1)), side = number(kernel),
      border = number(padding), length = number(columns), lines = number(h), points = number(w),
      line = number(x.stride(2)), point = number(x.stride(3)), channel = number(x.stride(1));
  long long picture = x.stride(0);
  const int64_t packs = columns * x.element_size() / 16, across = kThreads / packs;
  kernels::launch(
      kernels::compile(kernels::fused_source(), "unfold", x.scalar_type(), x.device()),
      {(w + 4 * across - 1) / (4 * across), x.size(0) * h}, kThreads,
      {&from, &to, &height, &width, &channels, &side, &border, &length, &lines, &points, &picture, &line, &point,
       &channel},
      x.device());
  return rows;
}

}  // namespace

std::optional<at::Tensor> convolution_by_rows(
    const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, int64_t padding) {
  if (x.dim() != 4 || x.numel() == 0 || !kernels::is_value_type(x.scalar_type()) || !kernels::available(x.device())) {
    return std::nullopt;
  }
  const auto frozen = [&](const at::Tensor& t) { return t.scalar_type() == x.scalar_type() && !t.requires_grad(); };
  const int64_t side = weight.size(2), wide = 16 / x.element_size();
  const int64_t length = (side * side * x.size(1) + wide - 1) / wide * wide;
  const int64_t h = x.size(2) + 2 * padding - side + 1, w = x.size(3) + 2 * padding - side + 1;
  const bool fits = weight.dim() == 4 && weight.size(3) == side && weight.size(1) == x.size(1) && x.size(1) < wide &&
                    length <= kMostLength && frozen(weight) && frozen(bias) && bias.is_contiguous() && padding >= 0 &&
                    h > 0 && w > 0 && x.size(0) * h <= 65535 && weight.size(0) <= 65535 &&
                    !(at::GradMode::is_enabled() && x.requires_grad());
  if (!fits) return std::nullopt;
  for (const at::Tensor& t : {x, weight}) {
    const int64_t reach =
        (t.size(1) - 1) * t.stride(1) + (t.size(2) + side) * t.stride(2) + (t.size(3) + side) * t.stride(3);
    if (reach >= int64_t{1} << 31) return std::nullopt;
  }
  // The weight's own surroundings are the weight, in the same order.
  const at::Tensor matrix = unfolded(weight, side, 0, length);
  const at::Tensor y = at::addmm(bias, unfolded(x, side, padding, length), matrix.t());
  return y.view({x.size(0), h, w, weight.size(0)}).permute({0, 3, 1, 2});
}

}  // namespace invseg
