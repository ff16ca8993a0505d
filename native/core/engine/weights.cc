#include "core/engine/weights.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <new>
#include <sstream>
#include <unordered_map>

#include <torch/csrc/jit/runtime/graph_executor.h>

#include "core/error.h"
#include "core/kernels/operators.h"
#include "core/shapes.h"

namespace invseg {
namespace {

at::ScalarType source_dtype(const TensorSource& source) {
  if (source.dtype == "F32") return at::kFloat;
  if (source.dtype == "F16") return at::kHalf;
  if (source.dtype == "BF16") return at::kBFloat16;
  throw Error(
      "WEIGHTS_INVALID",
      "Expected F32, F16 or BF16 for tensor " + source.name + " but " + source.file + " holds " + source.dtype);
}

/** Whether any value's exponent is all ones. A test of bits, in steps that the compiler vectorises. */
template <typename Bits>
bool any_not_finite(const unsigned char* bytes, int64_t count, Bits exponent) {
  constexpr int64_t kStep = 4096;
  for (int64_t start = 0; start < count; start += kStep) {
    const int64_t end = std::min(count, start + kStep);
    Bits found = 0;
    for (int64_t i = start; i < end; ++i) {
      Bits bits;
      std::memcpy(&bits, bytes + i * sizeof(Bits), sizeof(Bits));  // the file need not be aligned
      found |= static_cast<Bits>((bits & exponent) == exponent);
    }
    if (found != 0) return true;
  }
  return false;
}

bool all_finite(const unsigned char* bytes, int64_t count, at::ScalarType dtype) {
  if (dtype == at::kFloat) return !any_not_finite<uint32_t>(bytes, count, 0x7f800000u);
  return !any_not_finite<uint16_t>(bytes, count, dtype == at::kHalf ? uint16_t{0x7c00} : uint16_t{0x7f80});
}

/** The same shape, or the older spelling of a linear layer as a 1 x 1 convolution: [C, C, 1, 1] for [C, C]. */
bool fits(at::IntArrayRef source, at::IntArrayRef wanted) {
  if (source == wanted) return true;
  return wanted.size() == 2 && source.size() == 4 && source[2] == 1 && source[3] == 1 && source.slice(0, 2) == wanted;
}

/** "3 missing (a, b, c)", at most four names. */
void describe(std::ostringstream& out, const std::vector<std::string>& names, const std::string& what) {
  if (names.empty()) return;
  if (out.tellp() > 0) out << "; ";
  out << names.size() << " " << what << " (";
  for (size_t i = 0; i < std::min<size_t>(names.size(), 4); ++i) out << (i == 0 ? "" : ", ") << names[i];
  out << (names.size() > 4 ? ", …)" : ")");
}

/** @throws Error `WEIGHTS_MISMATCH` unless names and shapes of both sides are the same. */
void compare(
    const std::string& what, const std::unordered_map<std::string, at::Tensor>& parameters,
    const std::vector<TensorSource>& sources) {
  std::vector<std::string> missing, extra, misshapen;
  std::unordered_map<std::string, int> seen;
  for (const auto& source : sources) {
    const auto found = parameters.find(source.name);
    if (found == parameters.end() || seen[source.name]++ > 0) {
      extra.push_back(source.name);
    } else if (!fits(source.shape, found->second.sizes())) {
      misshapen.push_back(
          source.name + ": " + shape_string(source.shape) + " in the file, " + shape_string(found->second.sizes()) +
          " in the model");
    }
  }
  for (const auto& entry : parameters) {
    if (seen.find(entry.first) == seen.end()) missing.push_back(entry.first);
  }
  std::sort(missing.begin(), missing.end());
  std::ostringstream out;
  describe(out, missing, "missing");
  describe(out, extra, "unknown to the model");
  describe(out, misshapen, "of another shape");
  if (out.tellp() > 0) {
    throw Error(
        "WEIGHTS_MISMATCH",
        "The weights do not fit the " + what + " of this model: " + out.str() + "; check that they belong to it");
  }
}

/** Endings of parameter names that a module wants in float32 whatever the engine's type. */
std::vector<std::string> float32_parameters(const torch::jit::Module& module) {
  std::vector<std::string> endings;
  if (!module.hasattr("float32_parameters")) return endings;
  for (const auto& ending : module.attr("float32_parameters").toListRef()) endings.push_back(ending.toStringRef());
  return endings;
}

/**
 * Memory for the groups of parameters that a module wants side by side, by their names: a part of one allocation each, so that
 * an operator takes all of a group at once. A group with a name that is unknown, or not a vector like the others or a matrix of
 * their width, or was in a group before, is none.
 */
std::unordered_map<std::string, at::Tensor> side_by_side(
    const torch::jit::Module& module, const std::unordered_map<std::string, at::Tensor>& parameters,
    at::TensorOptions options) {
  std::unordered_map<std::string, at::Tensor> places;
  if (!module.hasattr("side_by_side")) return places;
  for (const c10::IValue& group : module.attr("side_by_side").toListRef()) {
    std::vector<std::pair<std::string, at::IntArrayRef>> shapes;
    int64_t rows = 0;
    bool fits = true;
    for (const c10::IValue& name : group.toListRef()) {
      const auto found = parameters.find(name.toStringRef());
      fits = fits && found != parameters.end() && (found->second.dim() == 1 || found->second.dim() == 2) &&
             places.count(found->first) == 0 &&
             (shapes.empty() || found->second.sizes().slice(1) == shapes[0].second.slice(1));
      if (!fits) break;
      shapes.emplace_back(found->first, found->second.sizes());
      rows += found->second.size(0);
    }
    if (!fits || shapes.empty()) continue;
    std::vector<int64_t> sizes = shapes[0].second.vec();
    sizes[0] = rows;
    const at::Tensor whole = at::empty(sizes, options);
    int64_t row = 0;
    for (const auto& [name, shape] : shapes) {
      places.emplace(name, whole.narrow(0, row, shape[0]));
      row += shape[0];
    }
  }
  return places;
}

bool ends_with_any(const std::string& name, const std::vector<std::string>& endings) {
  return std::any_of(endings.begin(), endings.end(), [&](const std::string& end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  });
}

}  // namespace

LoadedModule::LoadedModule(
    const std::string& what, const ModuleConfig& config, at::Device device, at::ScalarType dtype, bool check_finite,
    std::map<std::string, std::shared_ptr<MappedFile>>& files) {
  register_operators();
  try {
    // Parameters cannot be given tensors of the meta device later.
    const at::Device first = device.is_meta() ? device : at::Device(at::kCPU);
    if (config.code.empty()) {
      module_ = torch::jit::load(config.script, first);
    } else {
      std::istringstream code(config.code);
      module_ = torch::jit::load(code, first);
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {  // not c10::Error alone: the compiler of TorchScript throws others
    const auto* own = dynamic_cast<const c10::Error*>(&e);
    const std::string reason = first_line(own == nullptr ? e.what() : own->what_without_backtrace());
    const bool there = !config.code.empty() || std::filesystem::exists(config.script);
    throw Error(
        there ? "MODEL_UNSUPPORTED" : "MODEL_NOT_FOUND",
        "Cannot load the " + what + " from " + config.script + ": " +
            (there ? "it is damaged, or not TorchScript that this LibTorch reads (" + reason + ")" : reason));
  }
  module_.eval();
  const std::vector<std::string> wide_names = float32_parameters(module_);
  std::unordered_map<std::string, at::Tensor> parameters;
  for (const auto& parameter : module_.named_parameters()) parameters.emplace(parameter.name, parameter.value);
  compare(what, parameters, config.weights);

  std::unordered_map<std::string, at::Tensor> places;
  if (!device.is_cpu()) places = side_by_side(module_, parameters, at::TensorOptions().dtype(dtype).device(device));
  const auto type_of = [&](const std::string& name) {
    return places.count(name) == 0 && ends_with_any(name, wide_names) ? at::kFloat : dtype;
  };

  for (const auto& source : config.weights) {
    const auto place = places.find(source.name);
    if (device.is_meta()) {  // shapes are all that it has: no file is read
      at::Tensor parameter = parameters.at(source.name);
      const auto options = at::TensorOptions().dtype(type_of(source.name)).device(device);
      parameter.set_requires_grad(false);
      parameter.set_data(place != places.end() ? place->second : at::empty(parameter.sizes(), options));
      continue;
    }
    auto& file = files[source.file];
    if (!file) file = std::make_shared<MappedFile>(source.file);
    const at::ScalarType type = source_dtype(source);
    const int64_t width = static_cast<int64_t>(c10::elementSize(type));
    const int64_t count = c10::multiply_integers(source.shape);
    if (source.begin < 0 || source.end > file->size() || source.end - source.begin != count * width) {
      throw Error(
          "WEIGHTS_INVALID", "Tensor " + source.name + " " + shape_string(source.shape) + " needs " +
                                 std::to_string(count * width) + " bytes at " + std::to_string(source.begin) + " of " +
                                 source.file + ", which has " + std::to_string(file->size()) +
                                 "; the file is truncated or damaged");
    }
    at::Tensor values;
    const unsigned char* bytes = file->data() + source.begin;
    if (config.copy_weights) {
      values = at::empty(source.shape, at::TensorOptions().dtype(type));
      auto* target = static_cast<unsigned char*>(values.mutable_data_ptr());
      file->read(source.begin, source.end, target);
      bytes = target;
    } else {
      file->check();
    }
    if (check_finite && !all_finite(bytes, count, type)) {
      throw Error("WEIGHTS_NOT_FINITE", "Tensor " + source.name + " of " + source.file + " holds NaN or infinity");
    }

    at::Tensor parameter = parameters.at(source.name);
    const auto shape = parameter.sizes().vec();
    const bool mapped = !config.copy_weights && reinterpret_cast<uintptr_t>(bytes) % static_cast<uintptr_t>(width) == 0;
    if (mapped) {
      // The deleter keeps the mapping alive as long as the tensor. Nobody writes to a frozen parameter.
      values = at::from_blob(
          const_cast<unsigned char*>(bytes), shape, [file](void*) {}, at::TensorOptions().dtype(type));
    } else if (config.copy_weights) {
      values = values.view(shape);
    } else {
      values = at::empty(shape, at::TensorOptions().dtype(type));
      std::memcpy(values.mutable_data_ptr(), bytes, static_cast<size_t>(count * width));
    }
    const at::ScalarType wanted = type_of(source.name);
    if (place != places.end()) {
      values = place->second.copy_(values);
    } else if (device.is_cpu() && type == wanted && mapped) {
      ranges_.push_back({file, source.begin, source.end});
      if (std::find(viewed_.begin(), viewed_.end(), file) == viewed_.end()) viewed_.push_back(file);
    } else {
      values = values.to(device, wanted);
      // What the convolutions of a GPU read; in any other order they would copy their weights at every call.
      if (!device.is_cpu() && values.dim() == 4) values = values.contiguous(at::MemoryFormat::ChannelsLast);
    }
    file->release(source.begin, source.end);
    parameter.set_requires_grad(false);
    parameter.set_data(values);
  }
  for (const auto& buffer : module_.named_buffers()) {
    at::Tensor value = buffer.value;
    value.set_data(value.to(device));
  }
}

c10::IValue LoadedModule::forward(std::vector<c10::IValue> inputs) {
  for (const auto& file : viewed_) file->check();  // pages that were given back are read again
  // Without the graph optimiser. Its profiling executor specialises a module in its first runs, once for every choice of
  // maps, and its rounding changes meanwhile: 15 steps of the miniature took 2.4 s with it and 1.2 s without (later steps
  // alike, about 72 ms), and two runs of one seed differed. The guard's setting belongs to the thread.
  torch::jit::GraphOptimizerEnabledGuard unoptimised(false);
  return module_.forward(std::move(inputs));
}

std::vector<int64_t> LoadedModule::parameter_shape(const std::string& name) const {
  for (const auto& parameter : module_.named_parameters()) {
    if (parameter.name == name) return parameter.value.sizes().vec();
  }
  return {};
}

void LoadedModule::release_pages() const {
  for (const auto& range : ranges_) range.file->release(range.begin, range.end);
}

}  // namespace invseg
