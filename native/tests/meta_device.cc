#include "meta_device.h"

#include <set>

#include <ATen/ExpandUtils.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>
#include <torch/script.h>

#include "core/engine/graphs.h"

namespace meta {
namespace {

Counts counted;
int64_t depth = 0;
bool in_graph = false;

bool is_graph(const at::RecordFunction& call) {
  return call.scope() == at::RecordScope::USER_SCOPE && std::string(call.name()) == invseg::GraphCache::kScope;
}

double volume(at::IntArrayRef sizes) { return static_cast<double>(c10::multiply_integers(sizes)); }

void count_convolution(at::IntArrayRef out, at::IntArrayRef weight) {
  counted.flops += 2 * volume(out) * volume(weight.slice(1));
  counted.convolutions.push_back(weight.vec());
}

at::Tensor convolution(
    const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>&, c10::SymIntArrayRef stride,
    c10::SymIntArrayRef padding, c10::SymIntArrayRef, bool, c10::SymIntArrayRef, c10::SymInt) {
  const auto side = [&](int64_t i) {
    const auto axis = static_cast<size_t>(i - 2);
    return (x.size(i) + 2 * padding[axis].expect_int() - weight.size(i)) / stride[axis].expect_int() + 1;
  };
  const std::vector<int64_t> out{x.size(0), weight.size(0), side(2), side(3)};
  count_convolution(out, weight.sizes());
  return at::empty(out, x.options(), at::MemoryFormat::ChannelsLast);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> convolution_backward(
    const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, c10::SymIntArrayRef, c10::SymIntArrayRef,
    c10::SymIntArrayRef, bool, c10::SymIntArrayRef, c10::SymInt, std::array<bool, 3> wanted) {
  // The networks are frozen.
  if (wanted[1] || wanted[2]) throw std::runtime_error("a gradient of a convolution's weights");
  count_convolution(gradient.sizes(), weight.sizes());
  return {at::empty_like(x), {}, {}};
}

// On the CPU these two would take minutes for a VAE's batch.
std::tuple<at::Tensor, at::Tensor, at::Tensor> group_norm(
    const at::Tensor& x, const std::optional<at::Tensor>&, const std::optional<at::Tensor>&, c10::SymInt batch,
    c10::SymInt, c10::SymInt, int64_t groups, double) {
  const at::Tensor mean = x.new_empty({batch.expect_int(), groups});
  return {at::empty_like(x), mean, at::empty_like(mean)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> group_norm_backward(
    const at::Tensor& gradient, const at::Tensor& x, const at::Tensor&, const at::Tensor&,
    const std::optional<at::Tensor>&, c10::SymInt, c10::SymInt, c10::SymInt, int64_t, std::array<bool, 3>) {
  if (gradient.sizes() != x.sizes()) throw std::runtime_error("a gradient of another shape");
  return {at::empty_like(x), {}, {}};
}

at::Tensor& copy(at::Tensor& to, const at::Tensor& from, bool) {
  if (at::infer_size(to.sizes(), from.sizes()) != to.sizes().vec()) throw std::runtime_error("a copy of another shape");
  if (!to.is_meta()) {
    ++counted.waits;
    return to.zero_();
  }
  if (!from.is_meta()) ++counted.copies;
  return to;
}

at::Scalar read_value(const at::Tensor& x) {
  ++counted.waits;
  return x.scalar_type() == at::kBool ? at::Scalar(false) : at::Scalar(0);
}

/** Results of an operator as the CPU gives them for zeros, without their values. */
void on_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const auto written = [](const c10::Argument& argument) {
    return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
  };
  const std::vector<c10::IValue> given(
      stack->end() - static_cast<std::ptrdiff_t>(schema.arguments().size()), stack->end());
  torch::jit::drop(*stack, given.size());
  std::vector<at::Tensor> targets;
  torch::jit::Stack host;
  for (size_t i = 0; i < given.size(); ++i) {
    const bool target = written(schema.arguments()[i]);
    const auto zeros = [&](const at::Tensor& x) {
      if (!x.defined() || !x.is_meta()) return x;
      const auto options = x.options().device(at::kCPU);
      return target ? at::zeros(x.sizes(), options) : at::zeros({}, options).expand(x.sizes());
    };
    if (target) targets.push_back(given[i].toTensor());
    if (given[i].isTensor()) {
      host.emplace_back(zeros(given[i].toTensor()));
    } else if (given[i].isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& x : given[i].toTensorVector()) list.push_back(zeros(x));
      host.emplace_back(list);
    } else if (given[i].isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor>& x : given[i].toOptionalTensorVector()) {
        list.push_back(x ? std::optional<at::Tensor>(zeros(*x)) : std::nullopt);
      }
      host.emplace_back(list);
    } else {
      host.push_back(given[i].isDevice() ? c10::IValue(at::Device(at::kCPU)) : given[i]);
    }
  }
  op.callBoxed(&host);
  size_t next = 0;
  for (size_t i = 0; i < schema.returns().size(); ++i) {
    if (!host[i].isTensor() || !host[i].toTensor().defined()) {
      stack->push_back(host[i]);
      continue;
    }
    const at::Tensor result = host[i].toTensor();
    if (written(schema.returns()[i])) {
      at::Tensor target = targets[next++];
      if (target.sizes() != result.sizes()) target.resize_(result.sizes());
      stack->emplace_back(target);
    } else {
      stack->emplace_back(at::empty_strided(result.sizes(), result.strides(), result.options().device(at::kMeta)));
    }
  }
}

void tensors_of(const c10::IValue& value, std::vector<at::Tensor>& found) {
  if (value.isTensor()) {
    if (value.toTensor().defined()) found.push_back(value.toTensor());
  } else if (value.isList()) {
    for (const c10::IValue& one : value.toListRef()) tensors_of(one, found);
  }
}

/** As CUDA's kernels do: a scalar of the host is welcome. */
bool is_mixed(const std::vector<at::Tensor>& tensors) {
  bool device = false, host = false;
  for (const auto& x : tensors) {
    device = device || x.is_meta();
    host = host || (x.is_cpu() && x.dim() > 0);
  }
  return device && host;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& call) {
  static const std::set<std::string> copies{"aten::copy_", "aten::to", "aten::_to_copy"};
  if (call.scope() != at::RecordScope::FUNCTION) {
    in_graph = in_graph || is_graph(call);
    return nullptr;
  }
  if (depth++ == 0) {
    ++counted.calls;
    if (in_graph) ++counted.captured;
  }
  const std::string name = call.name();
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& input : call.inputs()) tensors_of(input, tensors);
  if (copies.count(name) == 0 && is_mixed(tensors)) counted.mixed.push_back(name);
  const auto product = [&](size_t a, size_t b) {
    if (tensors[a].is_meta())
      counted.flops += 2 * volume(tensors[a].sizes()) * static_cast<double>(tensors[b].size(-1));
  };
  if (name == "aten::mm" || name == "aten::bmm") product(0, 1);
  if (name == "aten::addmm" || name == "aten::baddbmm") product(1, 2);
  return nullptr;
}

void end(const at::RecordFunction& call, at::ObserverContext*) {
  if (call.scope() == at::RecordScope::FUNCTION) --depth;
  if (is_graph(call)) in_graph = false;
}

}  // namespace

void complete() {
  static torch::Library library(
      torch::Library::IMPL, "aten", std::make_optional(c10::DispatchKey::Meta), __FILE__, __LINE__);
  static const bool done = [] {
    library.impl("convolution_overrideable", &convolution);
    library.impl("convolution_backward_overrideable", &convolution_backward);
    library.impl("native_group_norm", &group_norm);
    library.impl("native_group_norm_backward", &group_norm_backward);
    library.impl("copy_", &copy);
    library.impl("_local_scalar_dense", &read_value);
    // Whatever has a kernel for the CPU and none for shapes. Of some the result's shape is a value: they stay errors.
    const std::set<std::string> of_values{"aten::nonzero", "aten::masked_select", "aten::bincount",  "aten::_unique2",
                                          "aten::_unique", "aten::equal",         "aten::unique_dim"};
    auto& dispatcher = c10::Dispatcher::singleton();
    for (const c10::OperatorName& name : dispatcher.getRegistrationsForDispatchKey(c10::DispatchKey::CPU)) {
      const auto op = dispatcher.findSchema(name);
      if (!op || name.name.rfind("aten::", 0) != 0 || of_values.count(name.name) != 0) continue;
      const auto has = [&](c10::DispatchKey key) { return op->hasKernelForDispatchKey(key); };
      if (has(c10::DispatchKey::Meta) || has(c10::DispatchKey::CompositeExplicitAutograd) ||
          has(c10::DispatchKey::CompositeExplicitAutogradNonFunctional) ||
          has(c10::DispatchKey::CompositeImplicitAutograd)) {
        continue;
      }
      const std::string own = name.name.substr(6) + (name.overload_name.empty() ? "" : "." + name.overload_name);
      library.impl(own.c_str(), torch::CppFunction::makeFromBoxedFunction<&on_host>());
    }
    return true;
  }();
  (void)done;
}

Counting::Counting() {
  counted = {};
  depth = 0;
  in_graph = false;
  handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(&begin, &end)
                                           .needsInputs(true)
                                           .scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE}));
}

Counting::~Counting() { at::removeCallback(handle_); }

const Counts& Counting::counts() const { return counted; }

}  // namespace meta
