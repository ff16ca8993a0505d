#include "core/kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "core/kernels/linear.h"

namespace invseg {
namespace {

/** Probabilities that are held at once on a CPU: what fits into the cache of a core or two. */
constexpr int64_t kBlockValues = int64_t{1} << 19;
/** On CUDA: 256 MiB of float32 scores. */
constexpr int64_t kMostScores = int64_t{1} << 26;
/** The widest heads of LibTorch's fast kernels. */
constexpr int64_t kWidestFused = 256;

/** Whether products of rows are worth their calls: small ones are not. */
constexpr int64_t kLeastWork = int64_t{1} << 22;

double scale_of(const at::Tensor& q) { return 1.0 / std::sqrt(static_cast<double>(q.size(-1))); }

at::Tensor by_rows(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const int64_t points = q.size(2), keys = k.size(2), width = v.size(3);
  const int64_t rows = std::clamp<int64_t>(kBlockValues / keys, 1, points);
  // [B, N, heads, d] in memory, as the next layer reads it.
  at::Tensor out = at::empty({q.size(0), points, q.size(1), width}, q.options()).transpose(1, 2);
  for (int64_t b = 0; b < q.size(0); ++b) {
    for (int64_t h = 0; h < q.size(1); ++h) {
      const at::Tensor queries = q[b][h] * scale_of(q), own_keys = k[b][h].contiguous();
      const at::Tensor values = v[b][h].t().contiguous(), to = out[b][h];
      for (int64_t begin = 0; begin < points; begin += rows) {
        const int64_t count = std::min(rows, points - begin);
        at::Tensor scores = product(queries.narrow(0, begin, count), own_keys);
        at::_softmax_out(scores, scores, -1, false);
        to.narrow(0, begin, count).copy_(product(scores, values));
      }
    }
  }
  return out;
}

}  // namespace

at::Tensor attention_of_wide_heads(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t most) {
  const auto flat = [](const at::Tensor& x) { return x.reshape({-1, x.size(2), x.size(3)}); };
  const at::Tensor queries = flat(q), keys = flat(k).transpose(1, 2), values = flat(v);
  const int64_t entries = std::clamp<int64_t>(most / (q.size(2) * k.size(2)), 1, queries.size(0));
  const bool narrow = q.is_cuda() && q.scalar_type() != at::kFloat && q.scalar_type() != at::kDouble;
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < queries.size(0); begin += entries) {
    const int64_t count = std::min(entries, queries.size(0) - begin);
    const at::Tensor a = queries.narrow(0, begin, count), b = keys.narrow(0, begin, count);
    // Scores are float32, as in LibTorch's kernels: float16 ones would overflow.
    at::Tensor scores = narrow ? at::bmm(a, b, at::kFloat) : a.bmm(b);
    scores.mul_(scale_of(q));
    const at::Tensor probabilities = scores.softmax(-1).to(v.scalar_type());
    parts.push_back(probabilities.bmm(values.narrow(0, begin, count)));
  }
  const at::Tensor out = parts.size() == 1 ? parts[0] : at::cat(parts, 0);
  return out.view({q.size(0), q.size(1), q.size(2), v.size(3)});
}

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const bool learns = at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
  if (!learns && has_product(q) && q.size(2) * k.size(2) * q.size(3) >= kLeastWork) return by_rows(q, k, v);
  if (!learns && q.is_cuda() && q.size(3) > kWidestFused) return attention_of_wide_heads(q, k, v, kMostScores);
  return at::scaled_dot_product_attention(q, k, v);
}

}  // namespace invseg
