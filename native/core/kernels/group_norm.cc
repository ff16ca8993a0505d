#include "core/kernels/group_norm.h"

#include <algorithm>
#include <string>

#include <torch/csrc/autograd/custom_function.h>

#include "core/kernels/program.h"

namespace invseg {
namespace {

using kernels::kThreads;

constexpr int64_t kMaxGroups = 64;                             // as in the source
constexpr int64_t kMaxShares = 2 * kernels::kMultiprocessors;  // partial sums that every block adds up again

/** How a picture's rows are dealt out to blocks and threads. */
struct Layout {
  int points, channels, groups, columns, rows, blocks;
  int64_t batch, threads;

  Layout(const at::Tensor& x, int64_t group_count) {
    const int64_t wide = 16 / x.element_size();
    batch = x.size(0);
    points = static_cast<int>(x.size(2) * x.size(3));
    channels = static_cast<int>(x.size(1));
    groups = static_cast<int>(group_count);
    columns = static_cast<int>(channels / wide);
    rows = static_cast<int>(std::clamp<int64_t>(kThreads / columns, 1, points));
    threads = int64_t{columns} * rows;
    const int64_t useful = (points + rows - 1) / rows;  // blocks that have a row for every thread
    // As many on every multiprocessor, all at once: two, where each thread then still has a load in flight four times over.
    const int64_t all =
        useful * batch >= 4 * 2 * kernels::kMultiprocessors ? 2 * kernels::kMultiprocessors : kernels::kMultiprocessors;
    blocks = static_cast<int>(std::clamp<int64_t>(all / batch, 1, std::min(kMaxShares, useful)));
  }
};

/** Values of a load and loads of a thread that a kernel of `group_norm_whole_source` is made for. */
struct Whole {
  int64_t part, count;
};
constexpr Whole kWhole[] = {{2, 12}, {4, 12}, {8, 3}, {8, 6}};

/** Points of a picture that one block takes a group of at most. */
constexpr int64_t kSmallPoints = 1024;

/** How a group of a small picture is dealt out to the threads of a block, which hold it in registers. */
struct Group {
  int points, channels, size, columns = 0, rows = 0;
  int64_t batch, groups, threads = 0;
  Whole whole{0, 0};

  Group(const at::Tensor& x, int64_t group_count) : batch(x.size(0)), groups(group_count) {
    points = static_cast<int>(x.size(2) * x.size(3));
    channels = static_cast<int>(x.size(1));
    size = static_cast<int>(channels / groups);
    if (points > kSmallPoints) return;
    // The longest loads that a group's rows consist of: a block then has to do with no other group.
    int64_t part = 16 / x.element_size();
    while (size % part != 0) part /= 2;
    if (size / part > kThreads) return;
    columns = static_cast<int>(size / part);
    rows = static_cast<int>(std::clamp<int64_t>(kThreads / columns, 1, points));
    threads = (int64_t{columns} * rows + 31) / 32 * 32;
    for (const Whole& one : kWhole) {
      if (one.part == part && int64_t{one.count} * rows >= points) {
        whole = one;
        return;
      }
    }
  }
  bool fits() const { return whole.count > 0; }
  std::string name(const char* direction) const {
    return std::string("whole_") + direction + "_" + std::to_string(whole.part) + "_" + std::to_string(whole.count);
  }
};

bool takes(
    const at::Tensor& x, const at::Tensor& added, int64_t groups, const at::Tensor& weight, const at::Tensor& bias) {
  const auto type = x.scalar_type();
  if (x.dim() != 4 || x.numel() == 0 || !kernels::is_value_type(type)) return false;
  if (!kernels::available(x.device())) return false;
  const int64_t wide = 16 / x.element_size(), channels = x.size(1);
  const auto frozen = [&](const at::Tensor& t) {
    return t.scalar_type() == type && t.is_contiguous() && !t.requires_grad();
  };
  // Rows of what is added may be a part of longer ones.
  const bool rows = !added.defined() || (added.scalar_type() == type && !added.requires_grad() && added.dim() == 2 &&
                                         added.size(1) == channels && added.stride(1) == 1);
  // A parameter that is a part of something longer may begin anywhere.
  const auto aligned = [](const at::Tensor& t) { return reinterpret_cast<uintptr_t>(t.const_data_ptr()) % 16 == 0; };
  if (!x.is_cpu() && !(aligned(x) && aligned(weight) && aligned(bias))) return false;
  return frozen(weight) && frozen(bias) && rows && channels % wide == 0 && channels / wide <= kThreads &&
         channels % groups == 0 && groups <= kMaxGroups && x.size(0) <= 65535 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

/** What both directions are given; `added` may be undefined. */
struct Inputs {
  at::Tensor x, added, weight, bias;
  int64_t groups;
  bool silu;
};

kernels::Kernel kernel(const std::string& name, const at::Tensor& x) {
  return kernels::compile(kernels::group_norm_source(), name, x.scalar_type(), x.device());
}

/** Pointers of the inputs, as the kernels take them. */
struct Pointers {
  const void *x, *added, *weight, *bias;
  int added_stride, silu;
  explicit Pointers(const Inputs& in)
      : x(in.x.const_data_ptr()),
        added(in.added.defined() ? in.added.const_data_ptr() : nullptr),
        weight(in.weight.const_data_ptr()),
        bias(in.bias.const_data_ptr()),
        added_stride(in.added.defined() && in.added.size(0) > 1 ? static_cast<int>(in.added.stride(0)) : 0),
        silu(in.silu ? 1 : 0) {}
};

/** y and the mean and 1 / deviation of every group [B, groups, 2]. */
std::pair<at::Tensor, at::Tensor> run_forward(const Inputs& in, double eps) {
  Group small(in.x, in.groups);
  Layout l(in.x, in.groups);
  Pointers p(in);
  const auto wide = in.x.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous);
  at::Tensor stats = at::empty({l.batch, in.groups, 2}, wide);
  at::Tensor y = at::empty_like(in.x);
  void *left = stats.mutable_data_ptr(), *to = y.mutable_data_ptr();
  float floor = static_cast<float>(eps);
  if (small.fits()) {
    kernels::launch(
        kernel(small.name("forward"), in.x), {small.groups, small.batch}, small.threads,
        {&p.x, &p.added, &p.added_stride, &p.weight, &p.bias, &to, &left, &small.points, &small.channels, &small.size,
         &small.columns, &small.rows, &floor, &p.silu},
        in.x.device());
    return {y, stats};
  }
  at::Tensor partial = at::empty({l.batch, l.blocks, in.groups, 2}, wide);
  void* sums = partial.mutable_data_ptr();
  kernels::launch(
      kernel("sums_forward", in.x), {l.blocks, l.batch}, l.threads,
      {&p.x, &p.added, &p.added_stride, &sums, &l.points, &l.channels, &l.groups, &l.columns, &l.rows}, in.x.device());
  kernels::launch(
      kernel("apply_forward", in.x), {l.blocks, l.batch}, l.threads,
      {&p.x, &p.added, &p.added_stride, &sums, &p.weight, &p.bias, &to, &left, &l.points, &l.channels, &l.groups,
       &l.columns, &l.rows, &l.blocks, &floor, &p.silu},
      in.x.device());
  return {y, stats};
}

at::Tensor run_backward(const at::Tensor& gradient, const Inputs& in, const at::Tensor& stats) {
  const at::Tensor dy = gradient.contiguous(at::MemoryFormat::ChannelsLast);
  Layout l(in.x, in.groups);
  Pointers p(in);
  at::Tensor dx = at::empty_like(in.x);
  const void *up = dy.const_data_ptr(), *kept = stats.const_data_ptr();
  void* to = dx.mutable_data_ptr();
  Group small(in.x, in.groups);
  if (small.fits()) {
    kernels::launch(
        kernel(small.name("backward"), in.x), {small.groups, small.batch}, small.threads,
        {&up, &p.x, &p.added, &p.added_stride, &kept, &p.weight, &p.bias, &to, &small.points, &small.channels,
         &small.size, &small.columns, &small.rows, &p.silu},
        in.x.device());
    return dx;
  }
  at::Tensor partial = at::empty({l.batch, l.blocks, in.groups, 2}, stats.options());
  void* sums = partial.mutable_data_ptr();
  kernels::launch(
      kernel("sums_backward", in.x), {l.blocks, l.batch}, l.threads,
      {&up, &p.x, &p.added, &p.added_stride, &kept, &p.weight, &p.bias, &sums, &l.points, &l.channels, &l.groups,
       &l.columns, &l.rows, &p.silu},
      in.x.device());
  kernels::launch(
      kernel("apply_backward", in.x), {l.blocks, l.batch}, l.threads,
      {&up, &p.x, &p.added, &p.added_stride, &kept, &sums, &p.weight, &p.bias, &to, &l.points, &l.channels, &l.groups,
       &l.columns, &l.rows, &l.blocks, &p.silu},
      in.x.device());
  return dx;
}

struct GroupNormFunction : torch::autograd::Function<GroupNormFunction> {
  static at::Tensor forward(
      torch::autograd::AutogradContext* context, const at::Tensor& x, const std::optional<at::Tensor>& added,
      int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double eps, bool silu) {
    at::AutoDispatchBelowADInplaceOrView below;
    const at::Tensor own = added.value_or(at::Tensor());
    auto [y, stats] = run_forward({x, own, weight, bias, groups, silu}, eps);
    context->save_for_backward({x, own, weight, bias, stats});
    context->saved_data["groups"] = groups;
    context->saved_data["silu"] = silu;
    return y;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Inputs in{saved[0],
                    saved[1],
                    saved[2],
                    saved[3],
                    context->saved_data["groups"].toInt(),
                    context->saved_data["silu"].toBool()};
    return {run_backward(gradients[0], in, saved[4]), {}, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor group_norm(
    const at::Tensor& x, const std::optional<at::Tensor>& added, int64_t groups, const at::Tensor& weight,
    const at::Tensor& bias, double eps, bool silu) {
  const at::Tensor own = added.value_or(at::Tensor());
  if (takes(x, own, groups, weight, bias)) {
    if (at::GradMode::is_enabled() && x.requires_grad()) {
      return GroupNormFunction::apply(x, added, groups, weight, bias, eps, silu);
    }
    return run_forward({x, own, weight, bias, groups, silu}, eps).first;
  }
  const at::Tensor whole = own.defined() ? x + own.unsqueeze(-1).unsqueeze(-1) : x;
  at::Tensor normalised = at::group_norm(whole, groups, weight, bias, eps);
  if (!silu) return normalised;
  return normalised.requires_grad() ? at::silu(normalised) : at::silu_(normalised);
}

}  // namespace invseg
