#include "core/kernels/read_attention.h"

#include <algorithm>
#include <cmath>

#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/linear.h"

namespace invseg {
namespace {

/** [B, heads, X, Y] -> [B * heads, X, Y] */
at::Tensor flat(const at::Tensor& x) { return x.reshape({x.size(0) * x.size(1), x.size(2), x.size(3)}); }

/** a [b, n, d] times the transpose of b [b, m, d], float32. */
at::Tensor wide_product(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor turned = b.transpose(1, 2);
  if (a.scalar_type() == at::kFloat || a.scalar_type() == at::kDouble) return a.bmm(turned);
  if (a.is_cuda()) return at::bmm(a, turned, at::kFloat);
  return a.to(at::kFloat).bmm(turned.to(at::kFloat));
}

/** q k' scale, float32 [b, n, m]. */
at::Tensor scores(const at::Tensor& q, const at::Tensor& k, double scale) {
  // Scaled first, where that rounds nothing: there are fewer queries than scores, and large ones overflow later.
  const bool narrow = q.is_cuda() && q.scalar_type() != at::kFloat && q.scalar_type() != at::kDouble;
  if (narrow) return wide_product(q, k).mul_(scale);
  const at::ScalarType type = q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return wide_product(q.to(type) * scale, k.to(type));
}

struct ReadAttention : torch::autograd::Function<ReadAttention> {
  static torch::autograd::variable_list forward(
      torch::autograd::AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
      const std::optional<at::Tensor>& v, const at::Tensor& head_weights) {
    at::AutoDispatchBelowADInplaceOrView below;
    const int64_t batch = q.size(0), heads = q.size(1), points = q.size(2), keys = k.size(2);
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
    const at::Tensor queries = flat(q), own_keys = flat(k);
    const at::Tensor probabilities = scores(queries, own_keys, scale).softmax(-1);  // [B * heads, N, M] float32
    const at::Tensor weights = head_weights.to(probabilities.scalar_type()).view({1, heads});
    const at::Tensor map = weights.expand({batch, 1, heads})
                               .bmm(probabilities.view({batch, heads, points * keys}))
                               .view({batch, points, keys});
    at::Tensor out = at::empty({0}, q.options()), values, narrow;
    if (v.has_value()) {
      values = flat(*v);
      narrow = probabilities.to(q.scalar_type());
      out = narrow.bmm(values).view({batch, heads, points, v->size(3)});
    }
    context->save_for_backward({queries, own_keys, values, probabilities, narrow, weights});
    context->saved_data["shape"] = std::vector<int64_t>{batch, heads, points, keys};
    context->set_materialize_grads(false);
    return {out, map};
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &probabilities = saved[3], &narrow = saved[4];
    const auto shape = context->saved_data["shape"].toIntVector();
    const int64_t batch = shape[0], heads = shape[1], points = shape[2], keys = shape[3];
    const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
    const at::Tensor d_out = gradients[0].defined() && v.defined() ? flat(gradients[0]) : at::Tensor();

    at::Tensor through;  // d / d probabilities [B * heads, N, M]
    if (d_out.defined()) through = wide_product(d_out, v);
    if (gradients[1].defined()) {
      // Whoever uses the map hands its gradient back in whatever layout it has.
      const at::Tensor map = gradients[1].reshape({batch, 1, points, keys}), weights = saved[5].view({1, heads, 1, 1});
      through = through.defined()
                    ? through.view({batch, heads, points, keys}).addcmul_(weights, map).view({-1, points, keys})
                    : (weights * map).reshape({-1, points, keys});
    }
    if (!through.defined()) return {{}, {}, {}, {}};
    const at::Tensor d_scores = at::_softmax_backward_data(through, probabilities, -1, probabilities.scalar_type())
                                    .mul_(scale)
                                    .to(q.scalar_type());
    const auto whole = [&](const at::Tensor& x) { return x.view({batch, heads, x.size(1), x.size(2)}); };
    at::Tensor dq, dk, dv;
    if (context->needs_input_grad(0)) dq = whole(d_scores.bmm(k));
    if (context->needs_input_grad(1)) dk = whole(d_scores.transpose(1, 2).bmm(q));
    if (d_out.defined() && context->needs_input_grad(2)) dv = whole(narrow.transpose(1, 2).bmm(d_out));
    return {dq, dk, dv, {}};
  }
};

/** Probabilities that are held at once where nobody differentiates: what fits into the cache of a core or two. */
constexpr int64_t kBlockValues = int64_t{1} << 19;
/** Smaller products are not worth a call for each head. */
constexpr int64_t kLeastWork = int64_t{1} << 22;

/** The same a few rows at a time, without a gradient: the map of one layer is read without those of its heads in memory. */
std::tuple<at::Tensor, at::Tensor> read_by_rows(
    const at::Tensor& q, const at::Tensor& k, const std::optional<at::Tensor>& v, const at::Tensor& head_weights) {
  const int64_t batch = q.size(0), heads = q.size(1), points = q.size(2), keys = k.size(2);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(3)));
  const int64_t rows = std::clamp<int64_t>(kBlockValues / keys, 1, points);
  at::Tensor map = at::zeros({batch, points, keys}, q.options()), out = at::empty({0}, q.options());
  // [B, N, heads, d] in memory, as the next layer reads it.
  if (v) out = at::empty({batch, points, heads, v->size(3)}, q.options()).transpose(1, 2);
  const at::Tensor weights = head_weights.to(at::kFloat).contiguous();
  const float* weight = weights.const_data_ptr<float>();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t h = 0; h < heads; ++h) {
      const at::Tensor queries = q[b][h] * scale, own_keys = k[b][h].contiguous();
      const at::Tensor values = v ? (*v)[b][h].t().contiguous() : at::Tensor();
      for (int64_t begin = 0; begin < points; begin += rows) {
        const int64_t count = std::min(rows, points - begin);
        at::Tensor probabilities = product(queries.narrow(0, begin, count), own_keys);
        at::_softmax_out(probabilities, probabilities, -1, false);
        map[b].narrow(0, begin, count).add_(probabilities, weight[h]);
        if (v) out[b][h].narrow(0, begin, count).copy_(product(probabilities, values));
      }
    }
  }
  return {out, map};
}

}  // namespace

std::tuple<at::Tensor, at::Tensor> read_attention(
    const at::Tensor& q, const at::Tensor& k, const std::optional<at::Tensor>& v, const at::Tensor& head_weights) {
  const bool learns =
      at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || (v && v->requires_grad()));
  if (!learns && has_product(q) && q.size(2) * k.size(2) * q.size(3) >= kLeastWork) {
    return read_by_rows(q, k, v, head_weights);
  }
  const auto result = ReadAttention::apply(q, k, v, head_weights);
  return {result[0], result[1]};
}

}  // namespace invseg
