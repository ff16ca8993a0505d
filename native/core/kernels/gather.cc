#include "core/kernels/gather.h"

#include <algorithm>
#include <array>

#include "core/kernels/program.h"

namespace invseg {

namespace kernels {

// Up to three tensors [B, X, Y, d] with any strides but 1 for d, into contiguous memory; Y may be filled up with zeros.
const char* gather_source() {
  return R"cuda(
struct Move {
  const Value* from;
  Value* to;
  long long batch, x, y;  // strides of `from`, in values
  int xs, ys, filled;     // rows y from ys to filled are zeros
};

extern "C" __global__ void __launch_bounds__(256) gather(Move first, Move second, Move third, int batches, int columns) {
  const int which = blockIdx.y / batches, batch = blockIdx.y % batches;
  // Field by field: a parameter that is chosen as a whole would be copied to memory.
#define CHOSEN(field) (which == 0 ? first.field : which == 1 ? second.field : third.field)
  const int xs = CHOSEN(xs), ys = CHOSEN(ys), filled = CHOSEN(filled), packs = xs * filled * columns;
  const long long x_stride = CHOSEN(x), y_stride = CHOSEN(y);
  const Value* from = CHOSEN(from) + batch * CHOSEN(batch);
  Pack* to = reinterpret_cast<Pack*>(CHOSEN(to)) + (long long)batch * packs;
#undef CHOSEN
  for (int k = blockIdx.x * blockDim.x + threadIdx.x; k < packs; k += gridDim.x * blockDim.x) {
    const int column = k % columns, row = k / columns, y = row % filled, x = row / filled;
    Pack pack = {};
    if (y < ys) pack = reinterpret_cast<const Pack*>(from + x * x_stride + y * y_stride)[column];
    to[k] = pack;
  }
}
)cuda";
}

}  // namespace kernels

namespace {

constexpr int64_t kThreadsOfBlock = 256;
constexpr int64_t kBlocks = kernels::kMultiprocessors * 8;

/** As in the source. */
struct Move {
  const void* from = nullptr;
  void* to = nullptr;
  long long batch = 0, x = 0, y = 0;
  int xs = 0, ys = 0, filled = 0;
};

bool takes(const at::Tensor& t, const at::Tensor& first) {
  const int64_t wide = 16 / t.element_size();
  const auto whole = [&](int64_t stride) { return stride % wide == 0; };
  return t.dim() == 4 && t.numel() > 0 && t.stride(3) == 1 && t.size(3) % wide == 0 && whole(t.stride(0)) &&
         whole(t.stride(1)) && whole(t.stride(2)) && reinterpret_cast<uintptr_t>(t.const_data_ptr()) % 16 == 0 &&
         t.numel() < (int64_t{1} << 31) && t.size(0) == first.size(0) && t.size(3) == first.size(3) &&
         t.scalar_type() == first.scalar_type() && t.device() == first.device();
}

}  // namespace

std::vector<at::Tensor> contiguous_together(std::vector<at::Tensor> tensors) {
  return contiguous_together(std::move(tensors), {});
}

std::vector<at::Tensor> contiguous_together(std::vector<at::Tensor> tensors, std::vector<int64_t> ys) {
  std::vector<at::Tensor*> moved;
  std::vector<int64_t> wanted;
  for (size_t i = 0; i < tensors.size(); ++i) {
    at::Tensor& tensor = tensors[i];
    if (!tensor.defined()) continue;
    const int64_t own = i < ys.size() && ys[i] > 0 ? ys[i] : tensor.size(2);
    if (tensor.is_contiguous() && own == tensor.size(2)) continue;
    moved.push_back(&tensor);
    wanted.push_back(own);
  }
  const bool fits = !moved.empty() && moved.size() <= 3 && kernels::is_value_type(moved[0]->scalar_type()) &&
                    kernels::available(moved[0]->device()) &&
                    std::all_of(moved.begin(), moved.end(), [&](const auto* t) { return takes(*t, *moved[0]); });
  if (!fits) {
    for (size_t i = 0; i < moved.size(); ++i) {
      const int64_t more = wanted[i] - moved[i]->size(2);
      *moved[i] = more > 0 ? at::constant_pad_nd(*moved[i], {0, 0, 0, more}).contiguous() : moved[i]->contiguous();
    }
    return tensors;
  }
  const at::Tensor first = *moved[0];
  std::array<Move, 3> moves;
  std::vector<at::Tensor> sources;  // until the launch
  int64_t packs = 0;
  const int64_t wide = 16 / first.element_size();
  for (size_t i = 0; i < moved.size(); ++i) {
    const at::Tensor from = *moved[i];
    sources.push_back(from);
    at::Tensor to = at::empty(
        {from.size(0), from.size(1), wanted[i], from.size(3)},
        from.options().memory_format(at::MemoryFormat::Contiguous));
    moves[i] = {
        from.const_data_ptr(),
        to.mutable_data_ptr(),
        from.stride(0),
        from.stride(1),
        from.stride(2),
        static_cast<int>(from.size(1)),
        static_cast<int>(from.size(2)),
        static_cast<int>(wanted[i])};
    packs = std::max(packs, to.numel() / to.size(0) / wide);
    *moved[i] = to;
  }
  int batches = static_cast<int>(first.size(0)), columns = static_cast<int>(first.size(3) / wide);
  const int64_t rows = static_cast<int64_t>(moved.size()) * batches;
  const int64_t blocks =
      std::clamp<int64_t>((packs + kThreadsOfBlock - 1) / kThreadsOfBlock, 1, std::max<int64_t>(1, kBlocks / rows));
  kernels::launch(
      kernels::compile(kernels::gather_source(), "gather", first.scalar_type(), first.device()), {blocks, rows},
      kThreadsOfBlock, {&moves[0], &moves[1], &moves[2], &batches, &columns}, first.device());
  return tensors;
}

}  // namespace invseg
