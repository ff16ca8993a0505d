// Stable Diffusion 2.1's full size on the meta device, which has shapes and no values: what a GPU would be given, counted on a
// machine without one. A tensor of the host among the device's fails the test; waits for a value are counted.

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "core/engine/engine.h"
#include "core/inversion/inversion.h"
#include "core/kernels/operators.h"
#include "harness.h"
#include "meta_device.h"
#include "selections.h"

using namespace invseg;

namespace {

/** Full size; parameters are shapes alone. */
EngineConfig stable_diffusion(const std::string& dtype) {
  const char* miniature = std::getenv("INVSEG_MINIATURE");
  const std::string scripts = std::string(miniature == nullptr ? "" : miniature) + "/../sd21";
  if (!std::filesystem::exists(scripts + "/unet.pt")) SKIP("set INVSEG_MINIATURE to models/miniature of a checkout");
  register_operators();
  EngineConfig config;  // its defaults are these sizes
  const auto fill = [&](const std::string& name, ModuleConfig& module) {
    module.script = scripts + "/" + name + ".pt";
    for (const auto& parameter : torch::jit::load(module.script).named_parameters()) {
      module.weights.push_back({parameter.name, "", "F32", parameter.value.sizes().vec(), 0, 0});
    }
  };
  fill("text_encoder", config.text_encoder);
  fill("vae_encoder", config.vae_encoder);
  fill("unet", config.unet);
  const std::vector<int64_t> levels{0, 0, 1, 1, 2, 2, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0};
  const std::vector<int64_t> heads{5, 10, 20, 20};
  for (const int64_t level : levels) config.layers.push_back({"layer", level, heads[static_cast<size_t>(level)]});
  config.device = "meta";
  config.dtype = dtype;
  return config;
}

meta::Counts counted(const std::string& what, const std::function<void()>& work) {
  const meta::Counting counting;
  guarded(work);
  const meta::Counts& counts = counting.counts();
  std::printf(
      "  %-24s %8.1f GFLOP, %5lld calls, %5lld of them in graphs, %lld waits, %lld copies from the host\n",
      what.c_str(), counts.flops / 1e9, static_cast<long long>(counts.calls), static_cast<long long>(counts.captured),
      static_cast<long long>(counts.waits), static_cast<long long>(counts.copies));
  std::fflush(stdout);
  for (const auto& name : counts.mixed) harness::check(false, name.c_str(), __FILE__, __LINE__, "host beside device");
  return counts;
}

void rehearse(const std::string& dtype) {
  meta::complete();
  const EngineConfig config = stable_diffusion(dtype);
  const auto engine = std::make_shared<Engine>(config);
  const std::vector<int32_t> ids(77, 5);
  const std::vector<uint8_t> rgb(600 * 400 * 3, 100);
  at::Tensor embedding;
  Image image;
  const meta::Counts text = counted("text", [&] { embedding = engine->encode_text(ids.data(), 1); });
  CHECK(text.waits == 0);
  const meta::Counts encoded = counted("image", [&] { image = engine->encode_image(rgb.data(), 600, 400, false, 0); });
  CHECK(encoded.flops < 5e9);  // resized; it is encoded with the views
  CHECK(encoded.waits == 0);

  InversionOptions options;
  options.spans = {{0, 1, 2}, {0, 3, 1}, {0, 4, 2}};
  options.training = select_levels(config, {0, 0, 1, 0}, {0, 0, 1, 0});
  options.trainable.assign(77, 1);
  Inversion inversion(engine, image, embedding, options);
  constexpr int64_t kSteps = 15;
  std::vector<StepInput> steps(kSteps, {{0, 0, 0.8f, 0.8f, 0.1f, 0.2f, 0.7f, 0.7f}, {100, 100}, 1});
  const meta::Counts views = counted("views of all steps", [&] { inversion.plan(steps); });
  CHECK(views.flops >= 0.95 * 31 * 1117e9 && views.flops <= 1.05 * 31 * 1117e9);
  CHECK(views.waits == 0);
  const int64_t before = engine->graphs().counts().carried;
  const meta::Counts step = counted("step", [&] { inversion.step(); });
  const int64_t carried_by_step = engine->graphs().counts().carried - before;
  // Forward and backward of two views with the loss. The resampling after the last layer that is read would be 60e9 more.
  CHECK(step.flops >= 0.95 * 2 * 797e9 && step.flops <= 2 * 797e9);
  CHECK(step.calls <= 1900);
  CHECK(step.waits == 1);   // for what it returns
  CHECK(step.copies == 0);  // all that it reads was there before
  for (const auto& weight : step.convolutions) {
    // The resnets of up_blocks.2 and .3 alone make 640 or 320 channels of more.
    CHECK(weight[0] > 640 || weight[1] <= weight[0]);
  }
  PredictOptions predict;
  predict.selection = select_levels(config, {8. / 15, 4. / 15, 2. / 15, 1. / 15}, {0, 0, 1, 0});
  predict.width = 600;
  predict.height = 400;
  const meta::Counts predicted = counted("prediction", [&] { inversion.predict(predict); });
  CHECK(predicted.flops <= 1.05 * 793e9);
  CHECK(predicted.waits <= 2);  // labels, then areas and scores

  // What a host does for an image when all graphs are there: a launch each, the tensors that they are given and give, the rest.
  const auto beside = [](const meta::Counts& counts) { return counts.calls - counts.captured; };
  constexpr int64_t kParts = 8;                          // that the encoder takes 31 pictures in, four at a time
  CHECK(engine->graphs().counts().plain == 3 + kParts);  // text, a step, the prediction
  CHECK(text.captured > 400 && step.captured > 1600 && predicted.captured > 1000 && views.captured > 600);
  const int64_t each = beside(step) + carried_by_step;
  const int64_t others = engine->graphs().counts().carried - carried_by_step;
  const int64_t calls = beside(text) + beside(encoded) + beside(views) + kSteps * each + beside(predicted) + others;
  std::printf(
      "  an image: %lld calls beside %lld graphs\n", static_cast<long long>(calls),
      static_cast<long long>(2 + kSteps + kParts));
  CHECK(calls <= 1000);
}

}  // namespace

TEST(what_a_gpu_would_refuse_or_wait_for_is_seen) {
  meta::complete();
  const at::Tensor device = at::ones({4, 3}, at::kMeta), host = at::ones({3, 2});
  const meta::Counting counting;
  device.mm(host);
  CHECK(counting.counts().mixed == std::vector<std::string>{"aten::mm"});
  CHECK(counting.counts().flops == 2 * 4 * 3 * 2);
  CHECK(counting.counts().waits == 0);
  device.sum().item<float>();
  device.cpu();
  CHECK(counting.counts().waits == 2);
  CHECK(counting.counts().copies == 0);
  host.to(at::kMeta);
  CHECK(counting.counts().copies == 1);
  (device * host[0][0]).sum();  // a scalar of the host is none
  CHECK(counting.counts().mixed.size() == 1);
}

TEST(a_full_size_image_in_float32_stays_within_the_counted_work) { rehearse("float32"); }
TEST(a_full_size_image_in_float16_stays_within_the_counted_work) { rehearse("float16"); }
