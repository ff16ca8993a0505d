#include "core/kernels/operators.h"

#include <torch/library.h>

#include "core/inversion/views.h"
#include "core/kernels/attention.h"
#include "core/kernels/fused.h"
#include "core/kernels/gather.h"
#include "core/kernels/group_norm.h"
#include "core/kernels/label.h"
#include "core/kernels/layer_norm.h"
#include "core/kernels/levels.h"
#include "core/kernels/linear.h"
#include "core/kernels/loss_sources.h"
#include "core/kernels/min_max.h"
#include "core/kernels/program.h"
#include "core/kernels/projections.h"
#include "core/kernels/read_attention.h"

namespace invseg {

void register_operators() {
  // By hand and not with TORCH_LIBRARY: two copies of the addon in one process would be two definitions, which ends it.
  // The operators of the copy that came first serve all; a module that wants other arguments is then an error when it is loaded.
  // Kept for ever: modules that were loaded refer to it until the process ends. `used`, so that the pointer is there for
  // whoever looks for leaks.
  [[gnu::used]] static torch::Library* const library = []() -> torch::Library* {
    if (c10::Dispatcher::singleton().findSchema({"invseg::group_norm", ""})) return nullptr;
    auto* made = new torch::Library(torch::Library::FRAGMENT, "invseg", std::nullopt, __FILE__, __LINE__);
    made->def(
        "group_norm(Tensor x, Tensor? added, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor",
        &group_norm);
    made->def(
        "conv2d(Tensor x, Tensor weight, Tensor? bias, int stride, int padding, Tensor? residual) -> Tensor", &conv2d);
    made->def("geglu(Tensor x) -> Tensor", &geglu);
    made->def("linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor", &linear);
    made->def("attention(Tensor q, Tensor k, Tensor v) -> Tensor", &attention);
    made->def(
        "read_attention(Tensor q, Tensor k, Tensor? v, Tensor head_weights) -> (Tensor, Tensor)", &read_attention);
    made->def("projections(Tensor x, Tensor[] weights) -> Tensor[]", &projections);
    made->def("prompt_states(Tensor context, Tensor[] weights, Tensor like) -> Tensor[]", &prompt_states);
    made->def("time_states(Tensor time, Tensor[] weights, Tensor[] biases, Tensor[] more) -> Tensor[]", &time_states);
    made->def("layer_norm(Tensor x, Tensor weight, Tensor bias, float eps) -> Tensor", &layer_norm);
    made->def(
        "add_layer_norm(Tensor x, Tensor more, Tensor weight, Tensor bias, float eps) -> (Tensor, Tensor)",
        &add_layer_norm);
    return made;
  }();
}

void prepare_kernels(at::ScalarType type, at::Device device) {
  using namespace kernels;
  for (const char* source :
       {fused_source(), group_norm_source(), layer_norm_source(), gather_source(), read_attention_source()}) {
    prepare(source, type, device);
  }
  for (const char* source :
       {loss_source(), min_max_source(), adam_source(), levels_source(), label_source(), crop_source()})
    prepare(source, at::kFloat, device);
}

}  // namespace invseg
