#include "core/kernels/read_softmax.h"

#include <string>

#include "core/kernels/program.h"
#include "core/kernels/read_attention.h"

namespace invseg {

namespace {

/** The most keys that a block of the kernels holds. */
constexpr int64_t kMostKeys = 4096;

/** How a row of `keys` is dealt out. */
struct Lanes {
  std::string name;
  int64_t lanes, threads;
  explicit Lanes(int64_t keys) : lanes(keys <= 256 ? 32 : keys <= 1024 ? 128 : 512), threads(lanes == 512 ? 512 : 256) {
    name = std::to_string(lanes);
  }
};

kernels::Kernel kernel(const std::string& name, at::ScalarType type, at::Device device) {
  return kernels::compile(kernels::read_attention_source(), name, type, device);
}

const void* data_of(const at::Tensor& t) { return t.defined() ? t.const_data_ptr() : nullptr; }

}  // namespace

int64_t filled_keys(int64_t keys) { return (keys + 7) / 8 * 8; }

bool reads_on_kernels(const at::Tensor& q, const at::Tensor& k, const at::Tensor& head_weights) {
  return q.numel() > 0 && k.numel() > 0 && filled_keys(k.size(2)) <= kMostKeys && q.size(0) <= 65535 &&
         kernels::is_value_type(q.scalar_type()) && kernels::available(q.device()) &&
         (!head_weights.defined() || (head_weights.scalar_type() == at::kFloat && head_weights.is_contiguous()));
}

void softmax_and_map(
    at::Tensor& scores, bool keep, at::Tensor narrow, const at::Tensor& head_weights, const at::Tensor& map,
    int64_t key_count, int64_t head_count, double scale, at::ScalarType type, bool adds) {
  int heads = static_cast<int>(head_count), points = static_cast<int>(scores.size(1)), sums = adds ? 1 : 0,
      keys = static_cast<int>(key_count), stride = static_cast<int>(scores.size(2));
  const int64_t batch = scores.size(0) / head_count;
  long long map_batch = map.defined() ? map.stride(0) : 0;
  float factor = static_cast<float>(scale);
  const void *from = scores.const_data_ptr(), *weights = data_of(head_weights);
  void *kept = keep ? scores.mutable_data_ptr() : nullptr, *to = map.defined() ? map.mutable_data_ptr() : nullptr,
       *half = narrow.defined() ? narrow.mutable_data_ptr() : nullptr;
  const Lanes lanes(stride);
  kernels::launch(
      kernel("softmax_" + lanes.name, type, scores.device()), {points, batch}, lanes.threads,
      {&from, &kept, &half, &weights, &to, &heads, &points, &keys, &stride, &map_batch, &factor, &sums},
      scores.device());
}

at::Tensor softmax_backward(
    const at::Tensor& probabilities, const at::Tensor& through, const at::Tensor& d_map, const at::Tensor& head_weights,
    int64_t key_count, int64_t head_count, double scale, at::ScalarType type) {
  at::Tensor out = at::empty(probabilities.sizes(), probabilities.options().dtype(type));
  int rows = static_cast<int>(probabilities.size(0) * probabilities.size(1)), heads = static_cast<int>(head_count),
      points = static_cast<int>(probabilities.size(1)), keys = static_cast<int>(key_count),
      stride = static_cast<int>(probabilities.size(2));
  float factor = static_cast<float>(scale);
  const void *p = probabilities.const_data_ptr(), *weights = data_of(head_weights), *own = data_of(through),
             *mapped = data_of(d_map);
  void* to = out.mutable_data_ptr();
  const Lanes lanes(stride);
  const int64_t groups = lanes.threads / lanes.lanes;
  kernels::launch(
      kernel("softmax_gradient_" + lanes.name, type, probabilities.device()), {(rows + groups - 1) / groups},
      lanes.threads, {&p, &own, &mapped, &weights, &to, &rows, &heads, &points, &keys, &stride, &factor},
      probabilities.device());
  return out;
}

}  // namespace invseg
