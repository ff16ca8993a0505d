#include "core/kernels/operators.h"

#include <torch/library.h>

#include "core/kernels/attention.h"
#include "core/kernels/fused.h"
#include "core/kernels/group_norm.h"
#include "core/kernels/linear.h"
#include "core/kernels/read_attention.h"

namespace invseg {

void register_operators() {
  // By hand and not with TORCH_LIBRARY: two copies of the addon in one process would be two definitions, which ends it.
  // The operators of the copy that came first serve all; a module that wants other arguments is then an error when it is loaded.
  static const bool done = [] {
    if (!c10::Dispatcher::singleton().findSchema({"invseg::group_norm", ""})) {
      // Never freed: modules that were loaded refer to it until the process ends.
      auto* library = new torch::Library(torch::Library::FRAGMENT, "invseg", std::nullopt, __FILE__, __LINE__);
      library->def(
          "group_norm(Tensor x, Tensor? added, int groups, Tensor weight, Tensor bias, float eps, bool silu) -> Tensor",
          &group_norm);
      library->def(
          "conv2d(Tensor x, Tensor weight, Tensor? bias, int stride, int padding, Tensor? residual) -> Tensor",
          &conv2d);
      library->def("geglu(Tensor x) -> Tensor", &geglu);
      library->def("linear(Tensor x, Tensor weight, Tensor? bias) -> Tensor", &linear);
      library->def("attention(Tensor q, Tensor k, Tensor v) -> Tensor", &attention);
      library->def(
          "read_attention(Tensor q, Tensor k, Tensor? v, Tensor head_weights) -> (Tensor, Tensor)", &read_attention);
    }
    return true;
  }();
  (void)done;
}

}  // namespace invseg
