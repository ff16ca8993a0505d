#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/script.h>

#include "core/engine/config.h"
#include "core/engine/mapped_file.h"

namespace invseg {

/**
 * The weights of one module: loads its TorchScript and sets every parameter from its safetensors file.
 *
 * On the CPU, a tensor whose type is the target type becomes a view of the mapping (nothing is copied, and its pages
 * can be released and come back); any other is converted once and its file pages are released. On a GPU, kernels of
 * convolutions lie channels-last. With `copy_weights` nothing is mapped that is read later. Parameters that the
 * module's attribute `float32_parameters` names by their endings stay float32.
 *
 * On a GPU, each group of matrices or vectors in the module's attribute `side_by_side` (a list of lists of names) lies in one
 * allocation, in its order and in the engine's type, whatever `float32_parameters` says: the operators that take them all multiply
 * once.
 */
class LoadedModule {
 public:
  /**
   * @param what name for messages, e.g. "unet"
   * @param files mappings by path, shared by the modules of one engine, so that no file is mapped twice
   * @throws Error `MODEL_NOT_FOUND` there is no script; `MODEL_UNSUPPORTED` it is not such a module;
   *         `WEIGHTS_MISMATCH` missing, extra or wrongly shaped tensors; `WEIGHTS_INVALID` a byte range that does not
   *         fit the file or the shape; `WEIGHTS_NOT_FINITE` NaN or infinity, with `check_finite`; `WEIGHTS_CHANGED` a
   *         file that changes meanwhile.
   */
  LoadedModule(
      const std::string& what, const ModuleConfig& config, at::Device device, at::ScalarType dtype, bool check_finite,
      std::map<std::string, std::shared_ptr<MappedFile>>& files);

  torch::jit::Module& module() { return module_; }

  /** Runs the module. One thread at a time. @throws Error `WEIGHTS_CHANGED` when a file behind the weights has changed */
  c10::IValue forward(std::vector<c10::IValue> inputs);

  /** The shape of parameter `name`, or empty where the module has none of that name. */
  std::vector<int64_t> parameter_shape(const std::string& name) const;

  /** Gives the file pages behind the weights back to the system. */
  void release_pages() const;

 private:
  struct Range {
    std::shared_ptr<MappedFile> file;
    int64_t begin;
    int64_t end;
  };
  torch::jit::Module module_;
  std::vector<Range> ranges_;
  std::vector<std::shared_ptr<MappedFile>> viewed_;  // the files of `ranges_`, each once
};

}  // namespace invseg
