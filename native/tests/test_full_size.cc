// Stable Diffusion 2.1's sizes with random weights: peak memory and times. Runs with INVSEG_FULL_SIZE=1 (5 GB of
// temporary files, about two minutes on two cores). INVSEG_DTYPE, INVSEG_DEVICE and INVSEG_HALF_FILES=1 (float16 in the
// files, so that float32 weights are copies instead of views) vary it.

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bundle.h"
#include "core/engine/engine.h"
#include "core/inversion/inversion.h"
#include "harness.h"
#include "selections.h"

using namespace invseg;

namespace {

/** Peak resident memory in GiB since the last reset. */
double peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / (1 << 20);
  }
  return 0;
}

void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

EngineConfig stable_diffusion(const bundle::Folder& folder, const std::string& scripts) {
  EngineConfig config;  // its defaults are these sizes
  const auto fill = [&](const std::string& name, ModuleConfig& module) {
    module.script = scripts + "/" + name + ".pt";
    auto tensors = bundle::random_parameters(module.script);
    if (std::getenv("INVSEG_HALF_FILES") != nullptr) {
      for (auto& entry : tensors) entry.second = entry.second.to(at::kHalf);
    }
    module.weights = bundle::write_safetensors(folder.path(name), tensors);
  };
  fill("text_encoder", config.text_encoder);
  fill("vae_encoder", config.vae_encoder);
  fill("unet", config.unet);
  const std::vector<int64_t> levels{0, 0, 1, 1, 2, 2, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0};
  const std::vector<int64_t> heads{5, 10, 20, 20};
  for (const int64_t level : levels) config.layers.push_back({"layer", level, heads[static_cast<size_t>(level)]});
  const char* device = std::getenv("INVSEG_DEVICE");
  const char* dtype = std::getenv("INVSEG_DTYPE");
  config.device = device != nullptr ? device : "cpu";
  config.dtype = dtype != nullptr ? dtype : "float32";
  return config;
}

}  // namespace

TEST(one_picture_with_two_steps_stays_below_eight_gibibytes) {
  const char* miniature = std::getenv("INVSEG_MINIATURE");
  if (std::getenv("INVSEG_FULL_SIZE") == nullptr || miniature == nullptr) SKIP("set INVSEG_FULL_SIZE=1 to run it");
  bundle::Folder folder;
  EngineConfig config = stable_diffusion(folder, std::string(miniature) + "/../sd21");
  reset_peak();
  const auto report = [](const char* what) {
    std::printf("  %-14s peak %.2f GiB\n", what, peak_memory());
    std::fflush(stdout);
    reset_peak();
  };
  auto engine = std::make_shared<Engine>(config);
  report("load");
  std::vector<int32_t> ids(77, 0);
  for (size_t i = 0; i < 7; ++i) ids[i] = static_cast<int32_t>(100 * i + 5);
  const at::Tensor embedding = engine->encode_text(ids.data(), 1);
  report("text");
  std::vector<uint8_t> rgb(600 * 400 * 3);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * i % 253);
  const Image image = engine->encode_image(rgb.data(), 600, 400, false, 0);
  report("encode");

  InversionOptions options;
  options.spans = {{0, 1, 2}, {0, 3, 1}, {0, 4, 2}};
  options.training = select_levels(config, {0, 0, 1, 0}, {0, 0, 1, 0});
  options.trainable.assign(77, 1);
  Inversion inversion(engine, image, embedding, options);
  for (int i = 0; i < 2; ++i) {
    const auto step =
        inversion.step({{0, 0, 0.8f, 0.8f, 0.1f, 0.2f, 0.7f, 0.7f}, {100, 100}, static_cast<uint64_t>(i)});
    CHECK(step.finite);
    std::printf("  step: loss %.5f, gradient %.3e, %.1f s\n", step.loss, step.gradient_norm, step.milliseconds / 1000);
    CHECK(peak_memory() <= 8);
    report("step");
  }
  PredictOptions predict;
  predict.selection = select_levels(config, {8. / 15, 4. / 15, 2. / 15, 1. / 15}, {0, 0, 1, 0});
  predict.width = 600;
  predict.height = 400;
  const auto result = inversion.predict(predict);
  std::printf("  predict: %.1f s\n", result.milliseconds / 1000);
  CHECK(peak_memory() <= 8);
  report("predict");
  CHECK(result.areas.sum().item<double>() == 600 * 400);
}
