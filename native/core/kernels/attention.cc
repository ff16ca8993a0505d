#include "core/kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "core/kernels/linear.h"
#include "core/kernels/program.h"
#include "core/kernels/read_attention.h"

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

at::Tensor attention_in_parts(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t parts) {
  const int64_t batch = q.size(0), heads = q.size(1), points = q.size(2);
  const auto divided = q.transpose(1, 2).reshape({batch * parts, points / parts, heads, q.size(3)}).transpose(1, 2);
  const auto repeated = [&](const at::Tensor& x) {  // [B, heads, M, d] -> [B * parts, heads, M, d]
    const at::Tensor own = x.transpose(1, 2).unsqueeze(1).expand({-1, parts, -1, -1, -1});
    return own.reshape({batch * parts, x.size(2), heads, x.size(3)}).transpose(1, 2);
  };
  const at::Tensor out = at::scaled_dot_product_attention(divided, repeated(k), repeated(v));
  return out.transpose(1, 2).reshape({batch, points, heads, v.size(3)}).transpose(1, 2);
}

namespace {

/**
 * The backward pass of LibTorch's fused kernels has a block for each head and 128 keys or so: a prompt's 77 make ten blocks for two
 * pictures at the finest level, on a GPU that runs a hundred. Parts of the queries make more of them.
 */
int64_t parts_for(const at::Tensor& q, const at::Tensor& k) {
  constexpr int64_t kMostKeys = 256, kEnough = 128, kLeastPoints = 256;
  if (!q.is_cuda() || k.size(2) > kMostKeys || q.scalar_type() == at::kFloat) return 1;
  int64_t parts = 1;
  while (q.size(0) * q.size(1) * parts * 2 <= kEnough && q.size(2) % (parts * 2) == 0 &&
         q.size(2) / (parts * 2) >= kLeastPoints) {
    parts *= 2;
  }
  return parts;
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const bool learns = at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
  if (!learns && !kernels::available(q.device()) && has_product(q) && q.size(2) * k.size(2) * q.size(3) >= kLeastWork)
    return by_rows(q, k, v);
  if (!learns && q.size(3) > kWidestFused) {
    if (const auto out = attention_on_kernels(q, k, v)) return *out;
    if (q.is_cuda()) return attention_of_wide_heads(q, k, v, kMostScores);
  }
  const int64_t parts = learns ? parts_for(q, k) : 1;
  if (parts > 1) return attention_in_parts(q, k, v, parts);
  return at::scaled_dot_product_attention(q, k, v);
}

}  // namespace invseg
