#include "core/kernels/read_attention.h"

#include <algorithm>
#include <cmath>

#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/gather.h"
#include "core/kernels/linear.h"
#include "core/kernels/program.h"
#include "core/kernels/read_softmax.h"

namespace invseg {
namespace {

/** [B, heads, X, Y] -> [B * heads, X, Y] */
at::Tensor flat(const at::Tensor& x) { return x.reshape({x.size(0) * x.size(1), x.size(2), x.size(3)}); }

/** [B, heads, X, d] each -> [B * heads, X, d], X filled up with zeros to what `rows` says. */
std::vector<at::Tensor> flat_together(std::vector<at::Tensor> tensors, std::vector<int64_t> rows = {}) {
  tensors = contiguous_together(std::move(tensors), std::move(rows));
  for (auto& tensor : tensors) {
    if (tensor.defined()) tensor = flat(tensor);
  }
  return tensors;
}

/** LibTorch multiplies half-precision values into float32 on CUDA; elsewhere they are made float32 first. */
bool multiplies_wide(const at::Tensor& x) {
  return x.is_cuda() && x.scalar_type() != at::kFloat && x.scalar_type() != at::kDouble;
}

/** Into out [b, n, m], float32: a [b, n, d] times the transpose of b [b, m, d]. */
void wide_product_out(at::Tensor& out, const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor turned = b.transpose(1, 2);
  if (multiplies_wide(a)) {
    at::bmm_out(out, a, turned, at::kFloat);
  } else {
    const at::ScalarType type = out.scalar_type();
    at::bmm_out(out, a.to(type), turned.to(type));
  }
}

at::Tensor wide_product(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor turned = b.transpose(1, 2);
  if (multiplies_wide(a)) return at::bmm(a, turned, at::kFloat);
  const at::ScalarType type = a.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return a.to(type).bmm(turned.to(type));
}

double scale_of(const at::Tensor& q) { return 1.0 / std::sqrt(static_cast<double>(q.size(-1))); }

struct ReadAttention : torch::autograd::Function<ReadAttention> {
  static torch::autograd::variable_list forward(
      torch::autograd::AutogradContext* context, const at::Tensor& q, const at::Tensor& k,
      const std::optional<at::Tensor>& v, const at::Tensor& head_weights) {
    at::AutoDispatchBelowADInplaceOrView below;
    const int64_t batch = q.size(0), heads = q.size(1), points = q.size(2), keys = k.size(2);
    const bool fused = reads_on_kernels(q, k, head_weights);
    const int64_t whole = fused ? filled_keys(keys) : keys;
    const auto turned = flat_together({q, k, v.value_or(at::Tensor())}, {0, whole, whole});
    const at::Tensor &queries = turned[0], &own_keys = turned[1], &values = turned[2];
    const at::ScalarType type = q.scalar_type(), wide = type == at::kDouble ? at::kDouble : at::kFloat;
    at::Tensor probabilities, map, narrow, weights = head_weights;
    if (fused) {
      probabilities = at::empty({batch * heads, points, whole}, q.options().dtype(wide));
      wide_product_out(probabilities, queries, own_keys);
      map = at::empty({batch, points, keys}, probabilities.options());
      if (v && type != wide) narrow = at::empty(probabilities.sizes(), q.options());
      softmax_and_map(probabilities, true, narrow, head_weights, map, keys, heads, scale_of(q), type);
      if (v && !narrow.defined()) narrow = probabilities;
    } else {
      // Scaled first, where that rounds nothing: there are fewer queries than scores, and large ones overflow later.
      const at::Tensor scores = multiplies_wide(q) ? wide_product(queries, own_keys).mul_(scale_of(q))
                                                   : wide_product(queries.to(wide) * scale_of(q), own_keys);
      probabilities = scores.softmax(-1);  // [B * heads, N, M] float32
      weights = head_weights.to(wide).view({1, heads});
      map = weights.expand({batch, 1, heads})
                .bmm(probabilities.view({batch, heads, points * keys}))
                .view({batch, points, keys});
      if (v) narrow = probabilities.to(type);
    }
    at::Tensor out = at::empty({0}, q.options());
    if (v) out = narrow.bmm(values).view({batch, heads, points, v->size(3)});
    context->save_for_backward({queries, own_keys, values, probabilities, narrow, weights});
    context->saved_data["shape"] = std::vector<int64_t>{batch, heads, points, keys};
    context->saved_data["fused"] = fused;
    context->set_materialize_grads(false);
    // As the next layer reads it, heads beside each other.
    if (v) out = contiguous_together({out.transpose(1, 2)})[0].transpose(1, 2);
    return {out, map};
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &probabilities = saved[3], &narrow = saved[4];
    const auto shape = context->saved_data["shape"].toIntVector();
    const int64_t batch = shape[0], heads = shape[1], points = shape[2], keys = shape[3];
    const bool to_values = gradients[0].defined() && v.defined();
    const at::Tensor d_out = to_values ? flat_together({gradients[0]})[0] : at::Tensor();
    // Whoever uses the map hands its gradient back in whatever layout it has.
    const at::Tensor d_map = gradients[1].defined() ? gradients[1].contiguous() : at::Tensor();
    if (!to_values && !d_map.defined()) return {{}, {}, {}, {}};

    at::Tensor d_scores;
    if (context->saved_data["fused"].toBool()) {
      at::Tensor through;  // d / d probabilities [B * heads, N, M]
      if (to_values) {
        through = at::empty(probabilities.sizes(), probabilities.options());
        wide_product_out(through, d_out, v);
      }
      d_scores = softmax_backward(probabilities, through, d_map, saved[5], keys, heads, scale_of(q), q.scalar_type());
    } else {
      at::Tensor through = to_values ? wide_product(d_out, v) : at::Tensor();
      if (d_map.defined()) {
        const at::Tensor own = d_map.view({batch, 1, points, keys}), weights = saved[5].view({1, heads, 1, 1});
        through = through.defined()
                      ? through.view({batch, heads, points, keys}).addcmul_(weights, own).view({-1, points, keys})
                      : (weights * own).reshape({-1, points, keys});
      }
      d_scores = at::_softmax_backward_data(through, probabilities, -1, probabilities.scalar_type())
                     .mul_(scale_of(q))
                     .to(q.scalar_type());
    }
    // [B * heads, X, d] -> [B, heads, X, d] with the heads beside each other in memory, as the layers before want it.
    const auto beside = [&](const at::Tensor& x, int64_t rows) {
      return x.view({batch, heads, x.size(1), x.size(2)}).narrow(2, 0, rows).transpose(1, 2);
    };
    at::Tensor dq, dk, dv;
    if (context->needs_input_grad(0)) dq = beside(d_scores.bmm(k), points);
    if (context->needs_input_grad(1)) dk = beside(d_scores.transpose(1, 2).bmm(q), keys);
    if (to_values && context->needs_input_grad(2)) dv = beside(narrow.transpose(1, 2).bmm(d_out), keys);
    auto all = contiguous_together({dq, dk, dv});
    for (auto& gradient : all) {
      if (gradient.defined()) gradient = gradient.transpose(1, 2);
    }
    return {all[0], all[1], all[2], {}};
  }
};

/** Scores that are held at once on a GPU where nobody differentiates: they stay in its cache. */
constexpr int64_t kMostScores = int64_t{1} << 23;

/** On kernels without a gradient: a few rows of all heads at a time. Without head_weights there is no map. */
std::tuple<at::Tensor, at::Tensor> read_on_kernels(
    const at::Tensor& q, const at::Tensor& k, const std::optional<at::Tensor>& v, const at::Tensor& head_weights) {
  const int64_t batch = q.size(0), heads = q.size(1), points = q.size(2), keys = k.size(2), whole = filled_keys(keys);
  const auto turned = flat_together({q, k, v.value_or(at::Tensor())}, {0, whole, whole});
  const at::Tensor &queries = turned[0], &own_keys = turned[1], &values = turned[2];
  const at::ScalarType type = q.scalar_type();
  const int64_t rows = std::clamp<int64_t>(kMostScores / (batch * heads * whole), 1, points);
  at::Tensor map, out = at::empty({0}, q.options());
  bool adds = false;
  if (head_weights.defined()) {
    map = SumMaps::find({batch, points, keys});
    adds = map.defined();
    if (!adds) map = at::empty({batch, points, keys}, q.options().dtype(at::kFloat));
  }
  if (v) out = at::empty({batch * heads, points, v->size(3)}, q.options());
  at::Tensor scores, narrow;
  for (int64_t begin = 0; begin < points; begin += rows) {
    const int64_t count = std::min(rows, points - begin);
    if (begin == 0 || count < rows) {
      scores = at::empty({batch * heads, count, whole}, q.options().dtype(at::kFloat));
      if (v) narrow = type == at::kFloat ? scores : at::empty(scores.sizes(), q.options());
    }
    wide_product_out(scores, queries.narrow(1, begin, count), own_keys);
    softmax_and_map(
        scores, v && type == at::kFloat, type == at::kFloat ? at::Tensor() : narrow, head_weights,
        map.defined() ? map.narrow(1, begin, count) : map, keys, heads, scale_of(q), type, adds);
    if (v) {
      at::Tensor part = out.narrow(1, begin, count);
      at::bmm_out(part, narrow, values);
    }
  }
  if (v) {
    const at::Tensor heads_first = out.view({batch, heads, points, v->size(3)});
    out = contiguous_together({heads_first.transpose(1, 2)})[0].transpose(1, 2);
  }
  if (adds) return {out, at::empty({0}, map.options())};
  if (map.defined()) SumMaps::keep(map);
  return {out, map};
}

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

thread_local SumMaps* summing = nullptr;

}  // namespace

SumMaps::SumMaps(bool wanted) : before_(summing), wanted_(wanted) { summing = this; }
SumMaps::~SumMaps() { summing = before_; }

at::Tensor SumMaps::find(at::IntArrayRef sizes) {
  if (summing == nullptr) return {};
  for (const auto& map : summing->maps_) {
    if (map.sizes() == sizes) return map;
  }
  return {};
}

void SumMaps::keep(const at::Tensor& map) {
  if (summing != nullptr && summing->wanted_) summing->maps_.push_back(map);
}

std::optional<at::Tensor> attention_on_kernels(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  if (!reads_on_kernels(q, k, at::Tensor())) return std::nullopt;
  return std::get<0>(read_on_kernels(q, k, v, at::Tensor()));
}

std::tuple<at::Tensor, at::Tensor> read_attention(
    const at::Tensor& q, const at::Tensor& k, const std::optional<at::Tensor>& v, const at::Tensor& head_weights) {
  const bool learns =
      at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || (v && v->requires_grad()));
  if (!learns && !kernels::available(q.device()) && has_product(q) && q.size(2) * k.size(2) * q.size(3) >= kLeastWork) {
    return read_by_rows(q, k, v, head_weights);
  }
  if (!learns && reads_on_kernels(q, k, head_weights)) return read_on_kernels(q, k, v, head_weights);
  const auto result = ReadAttention::apply(q, k, v, head_weights);
  return {result[0], result[1]};
}

}  // namespace invseg
