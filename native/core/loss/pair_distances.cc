#include "core/loss/pair_distances.h"

#include <algorithm>
#include <functional>

#include <torch/csrc/autograd/custom_function.h>

#include "core/loss/cluster.h"

// S_ij = <p_i - p_j, l_i - l_j> depends on differences alone, so both factors may be shifted. With p = P centred over the
// points and l = L centred over the points and over the keys (its row means r kept apart, their weight in S being the
// difference of the row sums s of p), S_ij = <p_i - p_j, l_i - l_j> + (s_i - s_j)(r_i - r_j). The last term is 0 for rows
// that sum to 1; it is kept because its gradient is not. With h_i = <p_i, l_i> + s_i r_i and X = [anchors, maps] transposed,
//
//     U = X [p, s], V = X [l, r], w = X h, t = X 1,
//     a S m = w_a t_m + t_a w_m - U_a V_m - V_a U_m.
//
// The four terms of a pair nearly cancel, and so do intra and inter. What has N x C values or fewer is therefore float64:
// float32 maps at N = 4096 give the loss to 3e-7 (4e-3 without) and its gradients to 3e-6 (3e-4).

namespace invseg {
namespace {

constexpr double kSumFloor = 1e-8;

/** Rows of P that are worked on at once on the CPU: what is made of them stays in the second-level cache. */
constexpr int64_t kBlockValues = int64_t{1} << 16;

struct Block {
  int64_t begin, count;
};

void for_blocks(const at::Tensor& matrix, const std::function<void(Block)>& body) {
  const int64_t points = matrix.size(1);
  // On a device the launches cost more than the memory.
  const int64_t rows = matrix.is_cpu() ? std::max<int64_t>(1, kBlockValues / (matrix.size(0) * points)) : points;
  for (int64_t begin = 0; begin < points; begin += rows) body({begin, std::min(rows, points - begin)});
}

at::Tensor rows_of(const at::Tensor& x, Block block) { return x.narrow(1, block.begin, block.count); }

/** What centres P and L; all of the type of P but for the sums. */
struct Centres {
  at::Tensor p;    // [B, 1, N] column means of P
  at::Tensor r;    // [B, N, 1] row means of L, less their mean
  at::Tensor own;  // [B, N, 1] row means of L
  at::Tensor l;    // [B, 1, N] column means of L less its row means
};

Centres centres(const at::Tensor& probabilities) {
  const int64_t points = probabilities.size(1);
  const auto wide = probabilities.options().dtype(at::kDouble);
  at::Tensor p = at::zeros({probabilities.size(0), 1, points}, wide), l = at::zeros_like(p);
  std::vector<at::Tensor> means;
  for_blocks(probabilities, [&](Block block) {
    const at::Tensor rows = rows_of(probabilities, block);
    at::Tensor log = (rows + kLogEps).log_();  // [B, n, N]
    means.push_back(log.mean(2, true));
    log.sub_(means.back());
    p += rows.sum(1, true);
    l += log.sum(1, true);
  });
  const auto type = probabilities.scalar_type();
  Centres result;
  result.own = means.size() == 1 ? means[0] : at::cat(means, 1);
  result.r = result.own - result.own.mean(1, true);
  result.p = (p / static_cast<double>(points)).to(type);
  result.l = (l / static_cast<double>(points)).to(type);
  return result;
}

/** The centred rows of a block. */
struct Rows {
  at::Tensor p, l;  // [B, n, N]
  at::Tensor s, r;  // [B, n, 1]
};

Rows centred(const at::Tensor& probabilities, const Centres& c, Block block) {
  const at::Tensor rows = rows_of(probabilities, block);
  Rows result;
  result.p = rows - c.p;
  result.l = (rows + kLogEps).log_().sub_(rows_of(c.own, block)).sub_(c.l);
  result.s = result.p.sum(2, true);
  result.r = rows_of(c.r, block);
  return result;
}

/** The sums that the distances are made of, float64. */
struct Sums {
  at::Tensor u, v;  // [B, 2C, N + 1]
  at::Tensor w, t;  // [B, 2C, 1]
};

Sums sums(const at::Tensor& probabilities, const at::Tensor& narrow, const Centres& c) {
  Sums result;
  result.t = narrow.to(at::kDouble).sum(2, true);
  for_blocks(probabilities, [&](Block block) {
    const Rows rows = centred(probabilities, c, block);
    const at::Tensor x = narrow.narrow(2, block.begin, block.count);  // [B, 2C, n]
    const at::Tensor h = (rows.p * rows.l).sum(2, true) + rows.s * rows.r;
    const at::Tensor u = at::cat({x.matmul(rows.p), x.matmul(rows.s)}, 2).to(at::kDouble);
    const at::Tensor v = at::cat({x.matmul(rows.l), x.matmul(rows.r)}, 2).to(at::kDouble);
    const at::Tensor w = x.to(at::kDouble).matmul(h.to(at::kDouble));
    if (!result.u.defined()) {
      result.u = u;
      result.v = v;
      result.w = w;
    } else {
      result.u += u;
      result.v += v;
      result.w += w;
    }
  });
  return result;
}

/** [B, 2C, X] -> that of the anchors and that of the maps. */
std::pair<at::Tensor, at::Tensor> halves(const at::Tensor& x) {
  const int64_t categories = x.size(1) / 2;
  return {x.narrow(1, 0, categories), x.narrow(1, categories, categories)};
}

at::Tensor turned(const at::Tensor& x) { return x.transpose(1, 2); }

struct PairDistances : torch::autograd::Function<PairDistances> {
  static at::Tensor forward(
      torch::autograd::AutogradContext* context, const at::Tensor& probabilities, const at::Tensor& anchors,
      const at::Tensor& maps) {
    at::AutoDispatchBelowADInplaceOrView below;
    const at::Tensor narrow = turned(at::cat({anchors, maps}, 2)).contiguous();  // X [B, 2C, N]
    const Centres c = centres(probabilities);
    const Sums s = sums(probabilities, narrow, c);
    const auto [ua, um] = halves(s.u);
    const auto [va, vm] = halves(s.v);
    const auto [wa, wm] = halves(s.w);
    const auto [ta, tm] = halves(s.t);
    const at::Tensor pairs =
        wa.matmul(turned(tm)) + ta.matmul(turned(wm)) - ua.matmul(turned(vm)) - va.matmul(turned(um));
    const at::Tensor areas = ta.matmul(turned(tm));  // [B, C, C]
    at::Tensor result = pairs / areas.clamp_min(kSumFloor);
    context->save_for_backward({probabilities, narrow, c.p, c.r, c.own, c.l, s.u, s.v, s.w, s.t, result});
    return result;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &probabilities = saved[0], &narrow = saved[1];
    const Centres c{saved[2], saved[3], saved[4], saved[5]};
    const Sums s{saved[6], saved[7], saved[8], saved[9]};
    const at::Tensor& result = saved[10];
    const auto [ua, um] = halves(s.u);
    const auto [va, vm] = halves(s.v);
    const auto [wa, wm] = halves(s.w);
    const auto [ta, tm] = halves(s.t);
    const int64_t points = probabilities.size(1);
    const double mean = 1.0 / static_cast<double>(points);
    const auto type = probabilities.scalar_type();

    const at::Tensor areas = ta.matmul(turned(tm));
    const at::Tensor g = gradients[0] / areas.clamp_min(kSumFloor);  // d / d pairs [B, C, C]
    const at::Tensor d_areas = -(g * result) * areas.gt(kSumFloor);  // [B, C, C]
    const at::Tensor gt = turned(g);
    const at::Tensor du = at::cat({g.matmul(vm), gt.matmul(va)}, 1).neg();  // [B, 2C, N + 1]
    const at::Tensor dv = at::cat({g.matmul(um), gt.matmul(ua)}, 1).neg();
    const at::Tensor dw = at::cat({g.matmul(tm), gt.matmul(ta)}, 1);  // [B, 2C, 1]
    const at::Tensor dt = at::cat({g.matmul(wm) + d_areas.matmul(tm), gt.matmul(wa) + turned(d_areas).matmul(ta)}, 1);

    const auto keys = [&](const at::Tensor& x) { return x.narrow(2, 0, points).to(type); };  // [B, 2C, N]
    const auto last = [&](const at::Tensor& x) { return x.narrow(2, points, 1).to(type); };  // [B, 2C, 1]
    const at::Tensor du_keys = keys(du), dv_keys = keys(dv), du_sum = last(du), dv_mean = last(dv);
    const at::Tensor dw_type = dw.to(type), dt_type = dt.to(type);

    // Means over the points of what the blocks will hold, from the sums: sum_i dh_i l_i = dw V, and so on.
    const bool to_self = context->needs_input_grad(0);
    const at::Tensor x_sums = turned(s.t);  // [B, 1, 2C]
    const at::Tensor dp_mean =
        (mean * (x_sums.matmul(du.narrow(2, 0, points)) + turned(dw).matmul(s.v.narrow(2, 0, points)))).to(type);
    const at::Tensor dl_mean =
        (mean * (x_sums.matmul(dv.narrow(2, 0, points)) + turned(dw).matmul(s.u.narrow(2, 0, points)))).to(type);
    const at::Tensor x = turned(narrow);      // [B, N, 2C]
    const at::Tensor dh = x.matmul(dw_type);  // [B, N, 1]
    // Row sums s of p and the row means r: their gradients, dr less its mean as r is.
    at::Tensor d_x = at::empty_like(narrow);
    at::Tensor d_self = to_self ? at::empty_like(probabilities) : at::Tensor();
    at::Tensor row_sums_all, dr;
    {
      std::vector<at::Tensor> list;
      for_blocks(
          probabilities, [&](Block block) { list.push_back((rows_of(probabilities, block) - c.p).sum(2, true)); });
      row_sums_all = list.size() == 1 ? list[0] : at::cat(list, 1);  // s [B, N, 1]
      dr = x.matmul(dv_mean) + dh * row_sums_all;
      dr = dr - dr.mean(1, true);
    }
    const at::Tensor ds = x.matmul(du_sum) + dh * c.r;  // [B, N, 1]
    const at::Tensor ds_mean = ds.mean(1, true);        // [B, 1, 1]

    for_blocks(probabilities, [&](Block block) {
      const Rows rows = centred(probabilities, c, block);
      const at::Tensor h = (rows.p * rows.l).sum(2, true) + rows.s * rows.r;  // [B, n, 1]
      // dX = dU [p, s]' + dV [l, r]' + dw h' + dt 1'
      at::Tensor own = du_keys.matmul(turned(rows.p)) + dv_keys.matmul(turned(rows.l));
      own = own + du_sum.matmul(turned(rows.s)) + dv_mean.matmul(turned(rows.r)) + dw_type.matmul(turned(h)) + dt_type;
      d_x.narrow(2, block.begin, block.count).copy_(own);
      if (!to_self) return;
      const at::Tensor xs = rows_of(x, block), dhs = rows_of(dh, block);
      at::Tensor dl = xs.matmul(dv_keys).addcmul_(dhs, rows.p).sub_(dl_mean);  // [B, n, N], of L less its row means
      at::Tensor dp = xs.matmul(du_keys).addcmul_(dhs, rows.l).sub_(dp_mean);
      const at::Tensor through_means = (rows_of(dr, block) - dl.sum(2, true)) * mean;  // [B, n, 1]
      dl.add_(through_means).div_(rows_of(probabilities, block) + kLogEps);
      dp.add_(rows_of(ds, block) - ds_mean).add_(dl);
      rows_of(d_self, block).copy_(dp);
    });
    const auto [d_anchors, d_maps] = halves(d_x);
    return {d_self, turned(d_anchors), turned(d_maps)};
  }
};

}  // namespace

at::Tensor pair_distances(const at::Tensor& probabilities, const at::Tensor& anchors, const at::Tensor& maps) {
  return PairDistances::apply(probabilities, anchors, maps);
}

}  // namespace invseg
