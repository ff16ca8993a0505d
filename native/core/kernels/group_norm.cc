#include "core/kernels/group_norm.h"

#include <algorithm>

#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "core/kernels/program.h"

namespace invseg {
namespace {

constexpr int64_t kThreads = 512;     // as in the source
constexpr int64_t kMaxGroups = 64;    // likewise
constexpr int64_t kBlocks = 132 * 4;  // about what fills a large GPU
constexpr int64_t kMaxShares = 64;    // partial sums that every block adds up again

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
    blocks = static_cast<int>(std::clamp<int64_t>(kBlocks / batch, 1, std::min(kMaxShares, useful)));
  }
};

bool takes(const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias) {
  if (!x.is_cuda() || x.dim() != 4 || x.numel() == 0 || !kernels::available(x.device())) return false;
  const auto type = x.scalar_type();
  if (type != at::kFloat && type != at::kBFloat16 && type != at::kHalf) return false;
  const int64_t wide = 16 / x.element_size(), channels = x.size(1);
  return weight.scalar_type() == type && bias.scalar_type() == type && channels % wide == 0 &&
         channels / wide <= kThreads && channels % groups == 0 && groups <= kMaxGroups && x.size(0) <= 65535 &&
         x.is_contiguous(at::MemoryFormat::ChannelsLast) && !weight.requires_grad() && !bias.requires_grad();
}

/** y and the mean and 1 / deviation of every group [B, groups, 2]. */
std::pair<at::Tensor, at::Tensor> run_forward(
    const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double eps, bool silu) {
  Layout l(x, groups);
  const auto compile = [&](const char* name) {
    return kernels::compile(
        kernels::group_norm_source(), name, kernels::group_norm_options(x.scalar_type()), x.device());
  };
  const auto wide = x.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous);
  at::Tensor partial = at::empty({l.batch, l.blocks, groups, 2}, wide);
  at::Tensor stats = at::empty({l.batch, groups, 2}, wide);
  at::Tensor y = at::empty_like(x);
  const void *from = x.const_data_ptr(), *w = weight.const_data_ptr(), *b = bias.const_data_ptr();
  void *sums = partial.mutable_data_ptr(), *left = stats.mutable_data_ptr(), *to = y.mutable_data_ptr();
  float floor = static_cast<float>(eps);
  int active = silu ? 1 : 0;
  kernels::launch(
      compile("sums_forward"), {l.blocks, l.batch}, l.threads,
      {&from, &sums, &l.points, &l.channels, &l.groups, &l.columns, &l.rows}, x.device());
  kernels::launch(
      compile("apply_forward"), {l.blocks, l.batch}, l.threads,
      {&from, &sums, &w, &b, &to, &left, &l.points, &l.channels, &l.groups, &l.columns, &l.rows, &l.blocks, &floor, &active},
      x.device());
  return {y, stats};
}

at::Tensor run_backward(
    const at::Tensor& gradient,
    const at::Tensor& x,
    const at::Tensor& stats,
    const at::Tensor& weight,
    const at::Tensor& bias,
    int64_t groups,
    bool silu) {
  const at::Tensor dy = gradient.contiguous(at::MemoryFormat::ChannelsLast);
  Layout l(x, groups);
  const auto compile = [&](const char* name) {
    return kernels::compile(
        kernels::group_norm_source(), name, kernels::group_norm_options(x.scalar_type()), x.device());
  };
  at::Tensor partial = at::empty({l.batch, l.blocks, groups, 2}, stats.options());
  at::Tensor dx = at::empty_like(x);
  const void *up = dy.const_data_ptr(), *from = x.const_data_ptr(), *w = weight.const_data_ptr(),
             *b = bias.const_data_ptr(), *kept = stats.const_data_ptr();
  void *sums = partial.mutable_data_ptr(), *to = dx.mutable_data_ptr();
  int active = silu ? 1 : 0;
  kernels::launch(
      compile("sums_backward"), {l.blocks, l.batch}, l.threads,
      {&up, &from, &kept, &w, &b, &sums, &l.points, &l.channels, &l.groups, &l.columns, &l.rows, &active}, x.device());
  kernels::launch(
      compile("apply_backward"), {l.blocks, l.batch}, l.threads,
      {&up, &from, &kept, &sums, &w, &b, &to, &l.points, &l.channels, &l.groups, &l.columns, &l.rows, &l.blocks, &active},
      x.device());
  return dx;
}

struct GroupNormFunction : torch::autograd::Function<GroupNormFunction> {
  static at::Tensor forward(
      torch::autograd::AutogradContext* context,
      const at::Tensor& x,
      int64_t groups,
      const at::Tensor& weight,
      const at::Tensor& bias,
      double eps,
      bool silu) {
    at::AutoDispatchBelowADInplaceOrView below;
    auto [y, stats] = run_forward(x, groups, weight, bias, eps, silu);
    context->save_for_backward({x, stats, weight, bias});
    context->saved_data["groups"] = groups;
    context->saved_data["silu"] = silu;
    return y;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor dx = run_backward(
        gradients[0], saved[0], saved[1], saved[2], saved[3], context->saved_data["groups"].toInt(),
        context->saved_data["silu"].toBool());
    return {dx, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor group_norm(
    const at::Tensor& x, int64_t groups, const at::Tensor& weight, const at::Tensor& bias, double eps, bool silu) {
  if (takes(x, groups, weight, bias)) {
    if (at::GradMode::is_enabled() && x.requires_grad()) {
      return GroupNormFunction::apply(x, groups, weight, bias, eps, silu);
    }
    return run_forward(x, groups, weight, bias, eps, silu).first;
  }
  const at::Tensor normalised = at::group_norm(x, groups, weight, bias, eps);
  return silu ? at::silu(normalised) : normalised;
}

void register_operators() {
  // By hand and not with TORCH_LIBRARY: two copies of the addon in one process would be two definitions, which ends it.
  static const bool done = [] {
    if (!c10::Dispatcher::singleton().findSchema({"invseg::group_norm", ""})) {
      // Never freed: modules that were loaded refer to it until the process ends.
      auto* library = new torch::Library(torch::Library::FRAGMENT, "invseg", std::nullopt, __FILE__, __LINE__);
      library->def(
          "group_norm(Tensor x, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor", &group_norm);
    }
    return true;
  }();
  (void)done;
}

}  // namespace invseg
