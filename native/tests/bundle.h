#pragma once

#include <map>
#include <string>
#include <vector>

#include <torch/script.h>

#include "core/engine/config.h"

/** A bundle for tests: the miniature's TorchScript with random weights in a folder of its own. */
namespace bundle {

/** A folder that goes with the object. */
class Folder {
 public:
  Folder();
  ~Folder();
  std::string path(const std::string& name) const { return root_ + "/" + name; }

 private:
  std::string root_;
};

/** Writes tensors as one safetensors file; `pad` shifts the data, so that it can be unaligned. */
std::vector<invseg::TensorSource> write_safetensors(
    const std::string& file, const std::map<std::string, at::Tensor>& tensors, int64_t pad = 0);

/** Random parameters of a weightless module: weights of variance 1 / fan-in, norms 1, biases 0. */
std::map<std::string, at::Tensor> random_parameters(const std::string& script);

/** The miniature with random weights; skips the test where its TorchScript is not at INVSEG_MINIATURE. */
invseg::EngineConfig miniature(const Folder& folder, at::ScalarType type = at::kFloat);

/**
 * Wraps a module in one that says it is out of memory when it is called for the `call`-th time, and works before and
 * after that.
 *
 * @param parameters of the module's forward, as TorchScript writes them: "ids: Tensor"
 */
void fail_once(
    invseg::ModuleConfig& module, const Folder& folder, const std::vector<std::string>& parameters, int64_t call);

}  // namespace bundle
