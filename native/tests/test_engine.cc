// The whole loop on the miniature with random weights, on the CPU and, where there is one, on a GPU.

#include <torch/cuda.h>

#include <cstdlib>
#include <thread>

#include <ATen/Parallel.h>

#include "bundle.h"
#include "core/engine/device.h"
#include "core/engine/engine.h"
#include "core/engine/job.h"
#include "core/engine/stream.h"
#include "core/error.h"
#include "core/inversion/inversion.h"
#include "core/maps/aggregate.h"
#include "emulation.h"
#include "harness.h"
#include "selections.h"

using namespace invseg;
using harness::devices;

namespace {

std::vector<uint8_t> picture(int64_t width, int64_t height) {
  std::vector<uint8_t> rgb(static_cast<size_t>(width * height * 3));
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const bool left = x < width / 2, top = y < height / 3;
      auto* pixel = &rgb[static_cast<size_t>((y * width + x) * 3)];
      pixel[0] = left ? 220 : 30;
      pixel[1] = top ? 200 : 60;
      pixel[2] = static_cast<uint8_t>((x * 7 + y * 3) % 251);
    }
  }
  return rgb;
}

/** An engine, a picture, `prompts` prompts and three categories. */
struct Case {
  bundle::Folder folder;
  EngineConfig config;
  std::shared_ptr<Engine> engine;
  Image image;
  at::Tensor embedding;
  InversionOptions options;

  using Change = std::function<void(EngineConfig&, const bundle::Folder&)>;

  explicit Case(
      const std::string& device, int64_t prompts = 1, const std::string& dtype = "float32", const Change& change = {})
      : config(bundle::miniature(folder)) {
    if (change) change(config, folder);
    config.device = device;
    config.dtype = dtype;
    engine = std::make_shared<Engine>(config);
    const auto rgb = picture(150, 100);
    image = engine->encode_image(rgb.data(), 150, 100, false, 0);
    std::vector<int32_t> ids(static_cast<size_t>(prompts * config.prompt_length), 0);
    for (size_t i = 0; i < ids.size(); ++i) {
      const size_t position = i % static_cast<size_t>(config.prompt_length);
      if (position < 7) ids[i] = static_cast<int32_t>(10 + i * 13 % 500);
    }
    embedding = engine->encode_text(ids.data(), prompts);
    options.spans = {{0, 1, 2}, {prompts - 1, 3, 1}, {prompts - 1, 4, 3}};
    options.training = select_levels(config, {0, 1, 0, 0}, {0, 1, 0, 0});
    options.frame = 16;
    options.trainable.assign(static_cast<size_t>(prompts * config.prompt_length), 0);
    for (const auto& span : options.spans) {
      for (int64_t i = 0; i < span.count; ++i) {
        options.trainable[static_cast<size_t>(span.prompt * config.prompt_length + span.first + i)] = 1;
      }
    }
  }

  Inversion inversion() const { return Inversion(engine, image, embedding, options); }
  PredictOptions prediction() const {
    PredictOptions predict;
    predict.selection = select_levels(config, {8. / 15, 4. / 15, 2. / 15, 1. / 15}, {0, 1, 0, 0});
    predict.width = 150;
    predict.height = 100;
    predict.maps = true;
    return predict;
  }
};

const std::vector<float> kBoxes{0.0f, 0.1f, 0.8f, 0.8f, 0.3f, 0.25f, 0.65f, 0.65f};

}  // namespace

TEST(fifteen_steps_lower_the_loss_and_predict_a_mask) {
  for (const auto& device : devices()) {
    Case c(device);
    Inversion inversion = c.inversion();
    const at::Tensor before = inversion.embedding().clone();
    std::vector<StepResult> steps;
    for (int i = 0; i < 15; ++i)
      steps.push_back(inversion.step({i == 0 ? kBoxes : std::vector<float>{}, {150, 150}, 5}));
    for (const auto& step : steps) {
      CHECK(step.finite);
      CHECK_NEAR(step.loss, step.cluster + step.entropy, 1e-5);
      CHECK_NEAR(step.cluster, step.intra / 3 - step.inter / 3, 1e-5);  // C = 3: 2 / (C (C - 1)) = 1 / 3
      CHECK(step.gradient_norm > 0);
    }
    CHECK(steps.back().loss < steps.front().loss);
    if (std::getenv("INVSEG_TEST_VERBOSE") != nullptr) {
      for (const auto& step : steps)
        std::printf("  loss %.6f, gradient %.3e, %.0f ms\n", step.loss, step.gradient_norm, step.milliseconds);
    }
    const at::Tensor moved = (inversion.embedding() - before).abs().sum(at::IntArrayRef{0, 2}).cpu();
    for (int64_t i = 0; i < moved.size(0); ++i) {
      CHECK((moved[i].item<double>() > 0) == (c.options.trainable[static_cast<size_t>(i)] == 1));
    }
    const Prediction result = inversion.predict(c.prediction());
    CHECK(result.areas.sum().item<double>() == 150 * 100);
    CHECK(result.labels.max().item<int64_t>() <= 2);
    CHECK(result.maps.sizes() == at::IntArrayRef({3, 32, 32}));
    CHECK(result.maps.min().item<double>() == 0);
    CHECK(result.maps.max().item<double>() == 1);
  }
}

TEST(steps_through_emulated_kernels_are_the_same_steps) {
  if (!emulation::possible()) SKIP("no C++ compiler");
  Case c("cpu");
  c.options.spans.push_back({0, 2, 1});  // four categories, which are filled up
  const auto steps = [&] {
    Inversion inversion = c.inversion();
    std::vector<StepResult> results;
    for (int i = 0; i < 2; ++i) results.push_back(inversion.step({kBoxes, {150, 150}, 5}));
    return std::pair{results, inversion.embedding()};
  };
  const auto [wanted, embedding] = steps();
  const emulation::Emulation on_the_cpu;
  c.engine->set_fills_names(true);  // as on a GPU
  const auto [got, moved] = steps();
  for (size_t i = 0; i < got.size(); ++i) {
    CHECK_NEAR(got[i].loss, wanted[i].loss, 1e-5);
    CHECK_NEAR(got[i].gradient_norm / wanted[i].gradient_norm, 1, 1e-4);
    CHECK(got[i].finite);
  }
  CHECK_CLOSE(moved, embedding, 1e-5);
}

TEST(one_seed_is_one_result) {
  for (const auto& device : devices()) {
    Case c(device);
    const auto run = [&] {
      Inversion inversion = c.inversion();
      for (uint64_t i = 0; i < 3; ++i) inversion.step({kBoxes, {40, 200}, i});
      return std::pair{inversion.embedding().cpu(), inversion.predict(c.prediction()).labels};
    };
    const auto [first, labels] = run();
    const auto [second, again] = run();
    if (device == "cpu") {
      CHECK(first.equal(second));
      CHECK(labels.equal(again));
    } else {  // the backward pass of fused attention adds in any order there
      CHECK_CLOSE(first, second, 1e-3);
      CHECK(labels.eq(again).to(at::kFloat).mean().item<double>() > 0.99);
    }
  }
}

TEST(a_job_that_ran_out_of_memory_is_made_again_as_if_nothing_had_been) {
  for (const auto& device : devices()) {
    Case sound(device);
    Case full(device, 1, "float32", [](EngineConfig& config, const bundle::Folder& folder) {
      const std::vector<std::string> unet{
          "latents: Tensor", "times: Tensor", "context: Tensor",         "a: List[int]", "b: List[int]",
          "c: Tensor",       "d: Tensor",     "key_gradient_only: bool", "predict: bool"};
      bundle::fail_once(config.unet, folder, unet, 2);
    });
    const std::vector<StepInput> steps{{kBoxes, {40, 200}, 1}, {kBoxes, {60, 220}, 2}, {{}, {80, 240}, 3}};
    Inversion a = sound.inversion(), b = full.inversion();
    a.plan(steps);
    int flushed = 0;
    const DeviceCare care{
        [&] { wait_for(full.engine->device()); },
        [&] {
          ++flushed;
          full.engine->forget();
          release_memory(full.engine->device());
        }};
    run_job([&] { return b.plan(steps); }, care);
    for (size_t i = 0; i < steps.size(); ++i) {
      const StepResult wanted = a.step(), got = run_job([&] { return b.step(); }, care);
      CHECK_NEAR(got.loss, wanted.loss, device == "cpu" ? 0 : 1e-4 * std::abs(wanted.loss));
    }
    CHECK(flushed == 1 && b.planned() == 0);
    CHECK_CLOSE(b.embedding(), a.embedding(), device == "cpu" ? 0 : 1e-3);
  }
}

TEST(threads_of_one_engine_are_not_those_of_the_next) {
  bundle::Folder folder;
  EngineConfig config = bundle::miniature(folder);
  const int standard = at::get_num_threads();
  const auto threads_of = [&](int64_t threads) {
    int found = 0;
    config.threads = threads;
    std::thread([&] {
      const Engine engine(config);
      found = at::get_num_threads();
    }).join();
    return found;
  };
  CHECK(threads_of(standard + 3) == standard + 3);
  CHECK(threads_of(0) == standard);
  CHECK(threads_of(1) == 1);
  CHECK(threads_of(0) == standard);
}

TEST(planned_steps_are_the_same_steps) {
  for (const auto& device : devices()) {
    Case c(device);
    std::vector<StepInput> steps;
    for (uint64_t i = 0; i < 5; ++i) steps.push_back({i % 2 == 0 ? kBoxes : std::vector<float>{}, {40, 200}, i});
    Inversion planned = c.inversion(), single = c.inversion();
    planned.plan(steps);
    CHECK(planned.planned() == 5);
    for (const auto& step : steps) {
      const StepResult a = planned.step(), b = single.step(step);
      CHECK_NEAR(a.loss, b.loss, device == "cpu" ? 0 : 1e-4 * std::abs(b.loss));
    }
    CHECK(planned.planned() == 0);
    CHECK_CLOSE(planned.embedding(), single.embedding(), device == "cpu" ? 1e-7 : 1e-3);
    CHECK_ERROR(planned.step(), "SHAPE_MISMATCH", "planned");
  }
}

TEST(steps_that_are_made_at_once_are_the_same_steps) {
  for (const auto& device : devices()) {
    Case c(device);
    std::vector<StepInput> steps;  // their views are at hand after the first
    for (uint64_t i = 0; i < 6; ++i) steps.push_back({i == 0 ? kBoxes : std::vector<float>{}, {40, 200}, i});
    /** All steps of all images, `most` at once, and how many calls that took. */
    const auto run = [&](const std::vector<Inversion*>& images, int64_t most) {
      std::vector<std::vector<StepResult>> all(images.size());
      int calls = 0;
      for (auto* image : images) image->plan(steps);
      for (; images[0]->planned() > 0; ++calls) {
        const auto made = Inversion::steps_together(images, most);
        for (size_t i = 0; i < images.size(); ++i) all[i].insert(all[i].end(), made[i].begin(), made[i].end());
      }
      return std::pair{all, calls};
    };
    const double tolerance = device == "cpu" ? 0 : 1e-4;
    for (const int64_t most : {4, 100}) {
      Inversion one = c.inversion(), same = c.inversion(), a = c.inversion(), b = c.inversion();
      const auto [alone, calls] = run({&one}, 1);
      CHECK(calls == 6);
      const auto [got, fewer] = run({&same}, most);
      CHECK(fewer == (device == "cpu" ? 3 : 2) - (most == 100 ? 1 : 0));
      const auto [pair, calls_of_both] = run({&a, &b}, most);
      CHECK(calls_of_both == fewer);
      for (size_t k = 0; k < 6; ++k) {
        CHECK_NEAR(got[0][k].loss, alone[0][k].loss, tolerance * std::abs(alone[0][k].loss));
        for (const auto& image : pair) CHECK_NEAR(image[k].loss, alone[0][k].loss, 1e-4 * std::abs(alone[0][k].loss));
      }
      CHECK_CLOSE(same.embedding(), one.embedding(), tolerance);
      CHECK_CLOSE(b.embedding(), one.embedding(), 1e-3);
    }
    // After a refusal nothing counts: of an image whose second step is refused, and beside one whose first is.
    Inversion fine = c.inversion(), broken(c.engine, c.image, c.embedding * std::nan(""), c.options);
    for (auto* image : {&fine, &broken}) image->plan({steps[0]});
    Inversion::steps_together({&fine, &broken}, 1);
    for (auto* image : {&fine, &broken}) image->plan(std::vector<StepInput>(steps.begin() + 1, steps.end()));
    const auto made = Inversion::steps_together({&fine, &broken}, 5);
    CHECK(made[0].size() == 5 && made[0].back().finite && fine.planned() == 0);
    CHECK(made[1].size() == 1 && !made[1][0].finite && broken.planned() == 4);
    c.options.adam.learning_rate = 1e38;
    Inversion leaping = c.inversion(), careful = c.inversion();
    for (auto* image : {&leaping, &careful}) CHECK(image->step(steps[0]).finite);
    const at::Tensor leapt = careful.embedding().clone();
    leaping.plan(std::vector<StepInput>(steps.begin() + 1, steps.end()));
    const auto refused = Inversion::steps_together({&leaping}, 5)[0];
    CHECK(refused.size() == 1 && !refused[0].finite);
    CHECK_CLOSE(leaping.embedding(), leapt, 1e-6);
    CHECK_ERROR(Inversion::steps_together({&leaping}, 0), "SHAPE_MISMATCH", "at least one step");
  }
}

TEST(a_graph_replays_what_runs_plainly) {
  Case plain(devices().back()), captured(devices().back());
  plain.engine->graphs().set_enabled(false);
  // Two images with other prompts and one options' key; then other options, then the first again.
  for (const int64_t frame : {16, 8, 16}) {
    plain.options.frame = captured.options.frame = frame;
    for (const double scale : {1.0, 1.2}) {
      Inversion a(plain.engine, plain.image, plain.embedding * scale, plain.options);
      Inversion b(captured.engine, captured.image, captured.embedding * scale, captured.options);
      for (uint64_t i = 0; i < 4; ++i) {
        const StepInput step{i == 2 ? std::vector<float>{} : kBoxes, {40, static_cast<int64_t>(100 + i)}, i};
        const StepResult wanted = a.step(step), got = b.step(step);
        CHECK_NEAR(got.loss, wanted.loss, 1e-4 * std::abs(wanted.loss));
        CHECK_NEAR(got.gradient_norm, wanted.gradient_norm, 1e-2 * wanted.gradient_norm);
      }
      CHECK_CLOSE(b.embedding(), a.embedding(), 1e-3);
    }
  }
  const auto& counts = captured.engine->graphs().counts();
  const std::string& failure = captured.engine->graphs().failure();
  if (torch::cuda::is_available()) {
    CHECK(failure.empty());
    // Steps in two frames; and the encoder, of the first views with the whole picture and of 17 times two views.
    CHECK(counts.captured == 2 + 2);
    CHECK(counts.replayed == (24 - 2) + (17 - 1));
  } else {
    CHECK(counts.captured == 0 && counts.replayed == 0 && counts.plain > 0);
  }
}

TEST(several_images_in_one_pass_are_each_as_alone) {
  for (const auto& device : devices()) {
    Case c(device), two(device, 2);
    two.engine = c.engine;
    std::vector<std::unique_ptr<Inversion>> together, alone;
    for (auto* list : {&together, &alone}) {
      list->push_back(std::make_unique<Inversion>(c.engine, c.image, c.embedding, c.options));
      list->push_back(std::make_unique<Inversion>(c.engine, c.image, c.embedding * 1.1, c.options));
      list->push_back(std::make_unique<Inversion>(c.engine, c.image, two.embedding, two.options));
    }
    std::vector<Inversion*> images;
    for (size_t i = 0; i < 3; ++i) {
      for (auto* list : {&together, &alone}) {
        std::vector<StepInput> steps;
        for (uint64_t k = 0; k < 4; ++k)
          steps.push_back({k == 1 ? std::vector<float>{} : kBoxes, {40, 200}, 10 * i + k});
        (*list)[i]->plan(steps);
      }
      images.push_back(together[i].get());
    }
    for (int k = 0; k < 4; ++k) {
      const auto results = Inversion::step_together(images);
      for (size_t i = 0; i < 3; ++i) {
        const StepResult one = alone[i]->step();
        CHECK_NEAR(results[i].loss, one.loss, 1e-5 * std::abs(one.loss));
        CHECK_NEAR(results[i].gradient_norm, one.gradient_norm, 1e-2 * one.gradient_norm);
      }
    }
    for (size_t i = 0; i < 3; ++i) CHECK_CLOSE(together[i]->embedding(), alone[i]->embedding(), 1e-3);
    CHECK_ERROR(Inversion::step_together(images), "SHAPE_MISMATCH", "planned");
    c.options.alpha = 2;
    Inversion other(c.engine, c.image, c.embedding, c.options);
    other.plan({{kBoxes, {40, 200}, 1}});
    images[0]->plan({{kBoxes, {40, 200}, 1}});
    CHECK_ERROR(Inversion::step_together({images[0], &other}), "SHAPE_MISMATCH", "same options");
    CHECK(images[0]->step().finite);  // a refused call has used no step
  }
}

namespace {

/** Options of the case with other names: spans, and the categories that they are joined to. */
InversionOptions with_names(const Case& c, std::vector<CategorySpan> spans, std::vector<int64_t> groups = {}) {
  InversionOptions options = c.options;
  options.spans = std::move(spans);
  options.groups = std::move(groups);
  return options;
}

}  // namespace

TEST(names_that_are_filled_up_are_the_same_names) {
  for (const auto& device : devices()) {
    Case c(device);
    for (const auto rule : {SubtokenRule::mean, SubtokenRule::last, SubtokenRule::max}) {
      c.options.subtokens = rule;
      // One to five categories, of them some that are described by several words.
      const std::vector<InversionOptions> names{
          with_names(c, {{0, 1, 2}}), with_names(c, {{0, 1, 2}, {0, 3, 1}, {0, 4, 3}}),
          with_names(c, {{0, 1, 1}, {0, 2, 1}, {0, 3, 1}, {0, 4, 1}, {0, 5, 2}}),
          with_names(c, {{0, 1, 2}, {0, 3, 1}, {0, 4, 2}, {0, 6, 1}, {0, 2, 3}}, {0, 1, 2, 2, 2})};
      const auto run = [&](bool filled, bool together) {
        c.engine->set_fills_names(filled);
        std::vector<Inversion> list;
        for (const auto& options : names) list.emplace_back(c.engine, c.image, c.embedding, options);
        std::vector<Inversion*> images;
        for (auto& one : list) {
          one.plan({{kBoxes, {40, 200}, 3}, {kBoxes, {70, 100}, 4}});
          images.push_back(&one);
        }
        std::vector<StepResult> steps;
        for (int k = 0; k < 2; ++k) {
          if (together) {
            for (const auto& step : Inversion::step_together(images)) steps.push_back(step);
          } else {
            for (auto* image : images) steps.push_back(image->step());
          }
        }
        std::vector<Prediction> predictions;
        for (auto* image : images) predictions.push_back(image->predict(c.prediction()));
        return std::pair{steps, predictions};
      };
      const auto [wanted, maps] = run(false, false);
      for (const bool together : {false, true}) {
        const auto [got, predictions] = run(true, together);
        for (size_t i = 0; i < wanted.size(); ++i) {
          CHECK(got[i].finite);
          CHECK_NEAR(got[i].loss, wanted[i].loss, 1e-5 * std::abs(wanted[i].loss));
          CHECK_NEAR(got[i].gradient_norm, wanted[i].gradient_norm, 1e-2 * wanted[i].gradient_norm);
        }
        for (size_t i = 0; i < maps.size(); ++i) {
          CHECK(predictions[i].maps.sizes() == maps[i].maps.sizes());
          CHECK(predictions[i].areas.sizes() == maps[i].areas.sizes());
          CHECK_CLOSE(predictions[i].maps, maps[i].maps, 1e-3);
        }
      }
    }
  }
}

TEST(images_with_other_names_share_their_graphs) {
  Case c(devices().back());
  GraphCache& graphs = c.engine->graphs();
  graphs.set_enabled(true);  // a CPU then knows the keys, and runs everything as it is
  const auto run = [&](bool filled) {
    c.engine->set_fills_names(filled);
    graphs.clear();
    std::vector<std::vector<CategorySpan>> names;
    for (const int64_t count : {4, 5, 6, 7}) {
      names.emplace_back();
      for (int64_t i = 0; i < count; ++i) names.back().push_back({0, 1 + i, 1 + i % 2});
    }
    // Each alone, then in pairs of all kinds.
    for (const auto& a : names) {
      for (const auto& b : names) {
        Inversion one(c.engine, c.image, c.embedding, with_names(c, a)),
            other(c.engine, c.image, c.embedding, with_names(c, b));
        for (auto* image : {&one, &other}) image->plan({{kBoxes, {40, 200}, 3}, {kBoxes, {40, 200}, 3}});
        Inversion::step_together({&one, &other});
        one.step();
        one.predict(c.prediction());
      }
    }
    return graphs.size();
  };
  // The encoder's; then a pair, a step alone and a prediction: once, or once for each mix.
  const size_t shared = run(true);
  CHECK(shared <= 3 + 3);
  CHECK(run(false) > shared);
  c.engine->set_fills_names(true);
  // More than the loss's kernels take are left as they are.
  const auto names = with_names(c, std::vector<CategorySpan>(65, {0, 1, 2}));
  CHECK(Inversion(c.engine, c.image, c.embedding, names).step({kBoxes, {40, 200}, 3}).finite);
}

TEST(a_device_resizes_as_the_cpu_does) {
  if (!torch::cuda::is_available()) SKIP("no GPU");
  Case cpu("cpu"), gpu("cuda");
  for (const auto& [width, height] :
       std::vector<std::pair<int64_t, int64_t>>{{150, 100}, {31, 500}, {1, 1}, {2000, 1300}}) {
    const auto rgb = picture(width, height);
    CHECK_CLOSE(
        gpu.engine->canonical(rgb.data(), width, height), cpu.engine->canonical(rgb.data(), width, height), 2e-6);
  }
}

TEST(gradient_of_a_step_equals_finite_differences) {
  Case c("cpu");
  c.options.adam.learning_rate = 0;
  Inversion base = c.inversion();
  // Adam's first moment is hidden, so the gradient is taken from the loss: its norm against the steepest slope found.
  const at::Tensor mask =
      at::tensor(std::vector<float>(c.options.trainable.begin(), c.options.trainable.end())).view({1, -1, 1});
  const StepInput input{kBoxes, {60, 60}, 3};
  const double norm = base.step(input).gradient_norm;
  // One Adam step from zero moments moves by the sign of the gradient: its projection on that sign is its 1-norm, which
  // lies between the 2-norm and sqrt(n) times it.
  c.options.adam.learning_rate = 2e-4;
  Inversion moved = c.inversion();
  moved.step(input);
  const at::Tensor delta = (moved.embedding() - c.embedding) * mask;
  Inversion there(c.engine, c.image, c.embedding + delta, c.options);
  Inversion back(c.engine, c.image, c.embedding - delta, c.options);
  const double slope = (back.step(input).loss - there.step(input).loss) / 2 / 2e-4;
  const double count = (delta != 0).sum().item<double>();
  CHECK(slope > norm * 0.95);
  CHECK(slope < norm * std::sqrt(count) * 1.05);
}

TEST(gradient_modes_differ_in_gradients_and_agree_in_values) {
  for (const auto& device : devices()) {
    Case c(device);
    double loss = 0, exact = 0;
    for (const auto mode :
         {GradientMode::exact, GradientMode::distance_constant, GradientMode::self_constant, GradientMode::keys_only}) {
      c.options.gradient = mode;
      const StepResult step = c.inversion().step({kBoxes, {60, 60}, 3});
      CHECK(step.finite && step.gradient_norm > 0);
      if (mode == GradientMode::exact) {
        loss = step.loss;
        exact = step.gradient_norm;
      } else {
        CHECK_NEAR(step.loss, loss, (device == "cpu" ? 1e-5 : 1e-4) * std::abs(loss));
        CHECK(std::abs(step.gradient_norm - exact) > 1e-5 * exact);
      }
    }
  }
}

TEST(a_loss_that_is_not_finite_leaves_the_embedding) {
  for (const auto& device : devices()) {
    Case c(device);
    Inversion good = c.inversion();
    good.step({kBoxes, {60, 60}, 3});
    c.options.alpha = INFINITY;
    Inversion bad = c.inversion();
    const StepResult step = bad.step({kBoxes, {60, 60}, 3});
    CHECK(!step.finite);
    CHECK(bad.embedding().equal(c.embedding));
    CHECK(!good.embedding().equal(c.embedding));
    CHECK(bad.predict(c.prediction()).areas.sum().item<double>() == 150 * 100);
  }
}

TEST(two_prompts_and_every_subtoken_rule) {
  for (const auto& device : devices()) {
    Case c(device, 2);
    for (const auto rule : {SubtokenRule::mean, SubtokenRule::last, SubtokenRule::max}) {
      c.options.subtokens = rule;
      Inversion inversion = c.inversion();
      CHECK(inversion.step({kBoxes, {60, 60}, 3}).finite);
      CHECK(inversion.predict(c.prediction()).areas.sum().item<double>() == 150 * 100);
    }
    // Two equal prompts are one: categories of either give the same maps and so the same loss.
    Case one(device);
    Case twice(device);
    twice.embedding = one.embedding.repeat({2, 1, 1});
    twice.options.spans[1].prompt = 1;
    twice.options.trainable.resize(static_cast<size_t>(2 * one.config.prompt_length), 1);
    const StepInput input{kBoxes, {60, 60}, 3};
    CHECK_NEAR(twice.inversion().step(input).loss, one.inversion().step(input).loss, device == "cpu" ? 1e-5 : 1e-4);
    const auto same = twice.inversion().predict(twice.prediction()), wanted = one.inversion().predict(one.prediction());
    // Maps of several prompts are normalised before they are multiplied, which rounds otherwise, and min-max enlarges it.
    CHECK_CLOSE(same.maps, wanted.maps, device == "cpu" ? 1e-4 : 1e-3);
  }
}

TEST(raw_maps_are_distributions_and_unread_levels_are_absent) {
  for (const auto& device : devices()) {
    Case c(device);
    const auto maps =
        c.engine->read_image(c.image, c.embedding, select_levels(c.config, {1, 0, 1, 1}, {0, 1, 0, 0}), 50, 1);
    CHECK(!maps.self[1].defined() && !maps.cross[0].defined() && !maps.cross[3].defined());
    CHECK_CLOSE(maps.self[0].sum(-1), at::ones({1, 1024}), 1e-5);
    CHECK_CLOSE(maps.self[3].sum(-1), at::ones({1, 16}), 1e-5);
    CHECK_CLOSE(maps.cross[1].sum(-1), at::ones({1, 256}), 1e-5);
  }
}

TEST(narrow_types_stay_near_float32) {
  for (const auto& device : devices())
    for (const char* dtype : {"bfloat16", "float16"}) {
      Case wide(device), narrow(device, 1, dtype);
      const auto selection = select_levels(wide.config, {0, 1, 0, 0}, {0, 1, 0, 0});
      const auto a = wide.engine->read_image(wide.image, wide.embedding, selection, 50, 1);
      const auto b = narrow.engine->read_image(narrow.image, narrow.embedding, selection, 50, 1);
      CHECK(b.self[1].scalar_type() == at::kFloat);
      CHECK_CLOSE(b.self[1], a.self[1], 0.05);
      CHECK(narrow.inversion().step({kBoxes, {60, 60}, 3}).finite);
    }
}

TEST(canonical_pictures_posterior_samples_and_noise) {
  Case c("cpu");
  std::vector<uint8_t> flat(3 * 7 * 3, 255);
  CHECK_NEAR(c.engine->canonical(flat.data(), 7, 3).min().item<double>(), 1, 1e-6);
  const auto rgb = picture(300, 400);
  const at::Tensor got = c.engine->canonical(rgb.data(), 300, 400);
  at::Tensor wanted = at::tensor(rgb).view({400, 300, 3}).permute({2, 0, 1}).unsqueeze(0).to(at::kFloat);
  wanted = at::_upsample_bilinear2d_aa(wanted, {128, 128}, false, std::nullopt, std::nullopt) / 127.5 - 1;
  CHECK_CLOSE(got, wanted, 1e-6);
  const Image mean = c.engine->encode_image(rgb.data(), 300, 400, false, 1),
              sample = c.engine->encode_image(rgb.data(), 300, 400, true, 1);
  CHECK(!c.engine->latent(mean).equal(c.engine->latent(sample)));
  CHECK(c.engine->latent(c.engine->encode_image(rgb.data(), 300, 400, true, 1)).equal(c.engine->latent(sample)));

  auto first = make_generator(9), second = make_generator(9);
  const at::Tensor two = gaussian_noise(first, {2, 4, 32, 32}), one = gaussian_noise(second, {1, 4, 32, 32});
  CHECK(two[0].equal(one[0]) && !two[0].equal(two[1]));
  CHECK_NEAR(two.std().item<double>(), 1, 0.05);

  const Schedule schedule({1000, 0.00085, 0.012}, 32, at::kCPU);
  const at::Tensor t = at::tensor({0, 999}, at::kLong), x = at::ones({2, 1, 1, 1}), none = at::zeros({2, 1, 1, 1});
  const at::Tensor signal = schedule.add_noise(x, none, t).flatten(), noise = schedule.add_noise(none, x, t).flatten();
  CHECK_NEAR(signal[0].item<double>(), std::sqrt(1 - 0.00085), 1e-7);
  CHECK_NEAR(signal[1].item<double>(), std::sqrt(0.0046600), 1e-5);  // the published schedule's last alpha
  CHECK_CLOSE(signal.square() + noise.square(), at::ones({2}), 1e-6);
  const at::Tensor sinusoids = schedule.sinusoids(t);
  CHECK_NEAR(sinusoids[1][0].item<double>(), std::cos(999.0), 1e-6);
  CHECK_NEAR(sinusoids[1][17].item<double>(), std::sin(999.0 * std::pow(10000.0, -1.0 / 16)), 1e-5);
}

TEST(exceptions_become_errors_with_a_code_and_one_line) {
  Case c("cpu");
  std::map<std::string, std::shared_ptr<MappedFile>> files;
  LoadedModule text("text encoder", c.config.text_encoder, at::kCPU, at::kFloat, false, files);
  // Inside TorchScript a wrong type of ids is a std::runtime_error with a trace; only its last line is for people.
  try {
    guarded([&] { text.forward({at::ones({1, 32})}); });
    CHECK(false);
  } catch (const Error& e) {
    CHECK(e.code() == "INTERNAL");
    CHECK(std::string(e.what()).find("The following operation failed") == std::string::npos);
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
  }
  CHECK_ERROR(throw std::bad_alloc(), "OUT_OF_MEMORY", "memory");
  CHECK_ERROR(TORCH_CHECK(false, "CUDA out of memory. Tried to allocate"), "OUT_OF_MEMORY", "fewer views");
  CHECK_ERROR(throw std::runtime_error("trace\nRuntimeError: CUDA out of memory.\n"), "OUT_OF_MEMORY", "CUDA");
  CHECK_ERROR(at::ones({2}).matmul(at::ones({3})), "INTERNAL", "size");
}

TEST(wrong_arguments_are_refused) {
  Case c("cpu");
  Inversion inversion = c.inversion();
  CHECK_ERROR(inversion.step({{}, {50}, 1}), "SHAPE_MISMATCH", "without boxes");
  CHECK_ERROR(inversion.step({kBoxes, {50}, 1}), "SHAPE_MISMATCH", "four a view");
  CHECK_ERROR(inversion.step({kBoxes, {50, 1000}, 1}), "INVALID_OPTION", "timestep");
  CHECK_ERROR(inversion.step({{0.5f, 0, 0.6f, 1}, {50}, 1}), "INVALID_OPTION", "box");
  const std::vector<int32_t> ids(32, 100000);
  CHECK_ERROR(c.engine->encode_text(ids.data(), 1), "SHAPE_MISMATCH", "vocabulary");
  auto options = c.options;
  options.spans[2] = {0, 30, 3};
  CHECK_ERROR(Inversion(c.engine, c.image, c.embedding, options), "SHAPE_MISMATCH", "span");
  options = c.options;
  options.training.self_weights = {1};
  CHECK_ERROR(Inversion(c.engine, c.image, c.embedding, options), "SHAPE_MISMATCH", "selfWeights");
  CHECK_ERROR(Inversion(c.engine, c.image, c.embedding.narrow(1, 0, 5), c.options), "SHAPE_MISMATCH", "embedding");
  CHECK_ERROR(parse_device("cuda:99"), "DEVICE_UNAVAILABLE", "cuda:99");
  CHECK_ERROR(parse_device("tpu"), "INVALID_OPTION", "tpu");
  CHECK_ERROR(parse_dtype("int8", at::kCPU), "INVALID_OPTION", "int8");
  CHECK_ERROR(parse_gradient_mode("half"), "INVALID_OPTION", "keys-only");
  auto layers = c.config.layers;
  c.config.layers[0].level = 9;  // a manifest that does not fit its module
  CHECK_ERROR(
      Engine(c.config).read_image(
          c.image, c.embedding, select_levels(c.config, std::vector<double>(10, 1), std::vector<double>(10, 1)), 50, 1),
      "SHAPE_MISMATCH", "levels");
}
