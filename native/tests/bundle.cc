#include "bundle.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/kernels/operators.h"
#include "harness.h"

namespace bundle {

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "invseg-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  root_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::vector<invseg::TensorSource> write_safetensors(
    const std::string& file, const std::map<std::string, at::Tensor>& tensors, int64_t pad) {
  // The core takes byte ranges and never reads the header, which is TypeScript's: its length alone matters here.
  std::ofstream out(file, std::ios::binary);
  const std::string header(static_cast<size_t>(8 + pad), ' ');
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  auto at = static_cast<int64_t>(header.size());
  std::vector<invseg::TensorSource> sources;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor flat = tensor.contiguous();
    const auto bytes = static_cast<int64_t>(flat.nbytes());
    const char* dtype = flat.scalar_type() == at::kHalf ? "F16" : flat.scalar_type() == at::kBFloat16 ? "BF16" : "F32";
    out.write(static_cast<const char*>(flat.const_data_ptr()), bytes);
    sources.push_back({name, file, dtype, flat.sizes().vec(), at, at + bytes});
    at += bytes;
  }
  return sources;
}

std::map<std::string, at::Tensor> random_parameters(const std::string& script) {
  std::map<std::string, at::Tensor> tensors;
  invseg::register_operators();
  const auto module = torch::jit::load(script);
  for (const auto& parameter : module.named_parameters()) {
    const auto shape = parameter.value.sizes();
    const bool norm = shape.size() == 1 && parameter.name.find("norm") != std::string::npos;
    at::Tensor value = norm ? at::ones(shape) : at::zeros(shape);
    if (shape.size() > 1) {
      const auto fan_in = static_cast<double>(parameter.value.numel() / shape[0]);
      value = at::randn(shape) / std::sqrt(fan_in);
    }
    if (parameter.name.size() > 5 && parameter.name.rfind(".bias") == parameter.name.size() - 5) value.zero_();
    tensors[parameter.name] = value;
  }
  return tensors;
}

invseg::EngineConfig miniature(const Folder& folder, at::ScalarType type) {
  const char* root = std::getenv("INVSEG_MINIATURE");
  if (root == nullptr || !std::filesystem::exists(std::string(root) + "/unet.pt")) {
    SKIP("set INVSEG_MINIATURE to the folder of the miniature's TorchScript");
  }
  at::manual_seed(7);
  invseg::EngineConfig config;
  const auto fill = [&](const std::string& name, invseg::ModuleConfig& module) {
    module.script = std::string(root) + "/" + name + ".pt";
    auto tensors = random_parameters(module.script);
    for (auto& entry : tensors) entry.second = entry.second.to(type);
    module.weights = write_safetensors(folder.path(name + ".safetensors"), tensors);
  };
  fill("text_encoder", config.text_encoder);
  fill("vae_encoder", config.vae_encoder);
  fill("unet", config.unet);
  config.device = "cpu";
  config.image_size = 128;
  config.latent_size = 32;
  config.latent_scale = 1.0;
  config.prompt_length = 32;
  config.context_width = 96;
  config.time_width = 32;
  const std::vector<std::pair<int64_t, int64_t>> layers{{0, 1}, {1, 2}, {2, 3}, {3, 3}, {2, 3},
                                                        {2, 3}, {1, 2}, {1, 2}, {0, 1}, {0, 1}};
  for (const auto& [level, heads] : layers) config.layers.push_back({"layer", level, heads});
  return config;
}

void fail_once(
    invseg::ModuleConfig& module, const Folder& folder, const std::vector<std::string>& parameters, int64_t call) {
  invseg::register_operators();
  torch::jit::Module wrapper("FailsOnce");
  wrapper.register_module("inner", torch::jit::load(module.script));
  wrapper.register_attribute("calls", c10::IntType::get(), int64_t{0});
  std::string declared, passed;
  for (const auto& parameter : parameters) {
    declared += ", " + parameter;
    passed += (passed.empty() ? "" : ", ") + parameter.substr(0, parameter.find(':'));
  }
  wrapper.define(
      "def forward(self" + declared + "):\n  self.calls = self.calls + 1\n" +
      "  assert self.calls != " + std::to_string(call) + ", \"CUDA out of memory. Tried to allocate 2.50 GiB.\"\n" +
      "  return self.inner.forward(" + passed + ")\n");
  module.script = folder.path("fails-once-" + std::to_string(module.weights.size()) + ".pt");
  wrapper.save(module.script);
  for (auto& source : module.weights) source.name = "inner." + source.name;
}

}  // namespace bundle
