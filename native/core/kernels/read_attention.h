#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include <torch/script.h>

namespace invseg {

/**
 * Attention whose probabilities are read: softmax(q k' / sqrt(d)) in float32 whatever the type of q and k (float16 scores of the
 * 768-pixel model overflow), their weighted sum over the heads, and their product with v where the layer goes on.
 *
 * One autograd function, its gradient by hand. Products of half-precision values are summed in float32 on CUDA, which is what
 * float32 products of the same values would give. Softmax, its gradient and the sum over the heads are one pass each where their
 * kernels take them (at most 4,096 keys); without a gradient a few rows are worked on at a time.
 *
 * In TorchScript: `invseg::read_attention(Tensor q, Tensor k, Tensor? v, Tensor head_weights) -> (Tensor, Tensor)`.
 *
 * @param q [B, heads, N, d] @param k [B, heads, M, d] @param v [B, heads, M, d] or none
 * @param head_weights [heads] float32, no gradient
 * @return out [B, heads, N, d] of the type of q, empty without v; map [B, N, M] float32
 */
std::tuple<at::Tensor, at::Tensor> read_attention(
    const at::Tensor& q, const at::Tensor& k, const std::optional<at::Tensor>& v, const at::Tensor& head_weights);

/**
 * While one of these lives, on this thread: of several maps of one shape that are read without a gradient by the kernels, the first
 * is given the sum of all, and the others are given as empty tensors. Layers of one level are so, one after the other.
 */
class SumMaps {
 public:
  /** @param wanted false: nothing changes */
  explicit SumMaps(bool wanted);
  ~SumMaps();
  SumMaps(const SumMaps&) = delete;
  SumMaps& operator=(const SumMaps&) = delete;

  /** What a map of this shape is added to, or undefined. */
  static at::Tensor find(at::IntArrayRef sizes);
  static void keep(const at::Tensor& map);

 private:
  SumMaps* before_;
  bool wanted_;
  std::vector<at::Tensor> maps_;
};

/** The same without a map and without a gradient, where the kernels take it; `attention` has cases in which it is faster. */
std::optional<at::Tensor> attention_on_kernels(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

namespace kernels {
/** The source of its kernels, for a check without a device. */
const char* read_attention_source();
}  // namespace kernels

}  // namespace invseg
