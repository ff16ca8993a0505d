// Times the core at Stable Diffusion 2.1's full size, stage by stage, without Node.
//
//     invseg_bench --weights DIR --scripts models/sd21 [--device cuda] [--dtype auto] [--threads 0] [--images 5] [--steps 15]
//                  [--views 2] [--categories 3] [--at-once 15] [--plain] [--fresh] [--kept] [--batches 1,8,16] [--encoder-batch 4]
//                  [--json FILE] [--save FILE] [--against FILE]
//                  [--trace FILE [--trace-kept] [--trace-batch 1]]
//     invseg_bench --weights DIR --operators          operator calls of each stage
//     invseg_bench --weights DIR --inputs DIR         writes what an image is made from, for a peer in another language
//     invseg_bench --loss 4096                        the clustering loss alone, against S built
//
// Every image runs with views that are kept and then with fresh views in every step, with `--kept` or `--fresh` only so. `--batches`
// times so many images whose steps are made together, `--plain` captures no graphs. `--at-once 1` waits for each step, which on a
// CPU is always so. `--save` keeps losses, prompt, maps and labels of one image; `--against` compares
// this run's with those of another, on another device or in another type. `--trace` writes the kernels of one image as a Chrome
// trace, which scripts/gpu/kernels.py adds up; with fresh views unless `--trace-kept`, of `--trace-batch` images together.

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <torch/csrc/autograd/profiler.h>
#include <torch/script.h>

#include "case.h"
#include "core/engine/device.h"
#include "core/engine/engine.h"
#include "core/engine/stream.h"
#include "core/error.h"
#include "core/inversion/inversion.h"
#include "measures.h"
#include "model.h"

using namespace invseg;
using namespace bench;

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Arguments {
  std::map<std::string, std::string> values;
  Arguments(int count, char** words) {
    for (int i = 1; i < count; ++i) {
      const std::string word = words[i];
      if (word.rfind("--", 0) != 0) throw std::runtime_error("Expected an option but received " + word);
      const bool flag = i + 1 >= count || std::string(words[i + 1]).rfind("--", 0) == 0;
      values[word.substr(2)] = flag ? "1" : words[++i];
    }
  }
  std::string text(const std::string& name, const std::string& otherwise = "") const {
    const auto found = values.find(name);
    return found == values.end() ? otherwise : found->second;
  }
  int64_t number(const std::string& name, int64_t otherwise) const {
    const auto found = values.find(name);
    return found == values.end() ? otherwise : std::stoll(found->second);
  }
  /** "1,8,16" */
  std::vector<int64_t> numbers(const std::string& name) const {
    std::vector<int64_t> list;
    std::istringstream in(text(name));
    for (std::string word; std::getline(in, word, ',');) list.push_back(std::stoll(word));
    return list;
  }
};

/** Milliseconds of each stage, an entry a measured run. */
struct Stages {
  std::vector<std::string> order;
  std::map<std::string, std::vector<double>> times;
  void add(const std::string& name, double milliseconds) {
    if (times.find(name) == times.end()) order.push_back(name);
    times[name].push_back(milliseconds);
  }
};

struct Outcome {
  std::vector<double> losses;
  at::Tensor embedding;
  Prediction prediction;
};

/** Gives up graphs and memory, so that what follows reserves what it would alone. */
void forget(const std::shared_ptr<Engine>& engine) {
  engine->forget();
  release_memory(engine->device());
}

/** Milliseconds of `count` images whose steps are made together. */
double segment_together(
    const std::shared_ptr<Engine>& engine, const Setting& setting, bool fresh, uint32_t seed, int64_t count) {
  wait_for(engine->device());
  const auto start = Clock::now();
  const auto& config = engine->config();
  const auto ids = prompt(config, setting);
  std::vector<std::unique_ptr<Inversion>> images;
  std::vector<Inversion*> list;
  for (int64_t i = 0; i < count; ++i) {
    const auto own = seed + static_cast<uint32_t>(i);
    const auto rgb = picture(own);
    const Image image = engine->encode_image(rgb.data(), kWidth, kHeight, false, 0);
    images.push_back(
        std::make_unique<Inversion>(engine, image, engine->encode_text(ids.data(), 1), method(config, setting)));
    images.back()->plan(plan(setting, fresh, own));
    list.push_back(images.back().get());
  }
  while (list[0]->planned() > 0) {
    for (const auto& steps : Inversion::steps_together(list, setting.at_once)) {
      if (!steps.back().finite) throw std::runtime_error("a step was not finite");
    }
  }
  for (auto& image : images) image->predict(prediction(config));
  wait_for(engine->device());
  return since(start);
}

Outcome segment(
    const std::shared_ptr<Engine>& engine, const Setting& setting, bool fresh, uint32_t seed, Stages* stages) {
  const at::Device device = engine->device();
  const auto& config = engine->config();
  const auto rgb = picture(seed);
  wait_for(device);
  const auto whole = Clock::now();
  auto start = whole;
  std::clock_t used = std::clock();
  // Every stage ends when the device has done it. On a CPU the processor's time of all threads stands beside it: others that
  // share the machine do not change it much.
  const auto mark = [&](const std::string& name) {
    wait_for(device);
    if (stages != nullptr) stages->add(name, since(start));
    if (stages != nullptr && device.is_cpu()) {
      stages->add(name + ", processor", 1000.0 * static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC);
    }
    start = Clock::now();
    used = std::clock();
  };

  const auto ids = prompt(config, setting);
  const at::Tensor embedding = engine->encode_text(ids.data(), 1);
  mark("text");
  const Image image = engine->encode_image(rgb.data(), kWidth, kHeight, false, 0);
  mark("image");

  Inversion inversion(engine, image, embedding, method(config, setting));
  inversion.plan(plan(setting, fresh, seed));
  mark("views");
  Outcome outcome;
  while (inversion.planned() > 0) {
    for (const StepResult& step : Inversion::steps_together({&inversion}, setting.at_once)[0]) {
      if (stages != nullptr) stages->add("step", step.milliseconds);
      outcome.losses.push_back(step.loss);
      if (!step.finite) throw std::runtime_error("a step was not finite");
    }
  }
  mark("steps");
  PredictOptions predict = prediction(config);
  predict.maps = true;
  outcome.prediction = inversion.predict(predict);
  mark("prediction");
  if (stages != nullptr) stages->add("image in all", since(whole));
  outcome.embedding = inversion.embedding().cpu();
  return outcome;
}

void compare(const Outcome& here, const std::string& file) {
  const auto other = torch::jit::pickle_load([&] {
                       std::ifstream in(file, std::ios::binary);
                       return std::vector<char>(std::istreambuf_iterator<char>(in), {});
                     }())
                         .toTensorVector();
  const at::Tensor losses = at::tensor(here.losses, at::kDouble);
  const auto relative = [](const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).to(at::kDouble).norm() / b.to(at::kDouble).norm()).item<double>();
  };
  std::printf("against %s:\n", file.c_str());
  const at::Tensor differences = ((losses - other[0]) / other[0]).abs();
  std::printf(
      "  losses   first %.2e, largest %.2e relative\n", differences[0].item<double>(),
      differences.max().item<double>());
  std::printf("  prompt   %.2e relative\n", relative(here.embedding, other[1]));
  std::printf("  maps     %.2e relative\n", relative(here.prediction.maps, other[2]));
  std::printf(
      "  labels   %.3f %% equal\n", 100 * here.prediction.labels.eq(other[3]).to(at::kDouble).mean().item<double>());
}

/** The image of `compare` for a peer in another language: `picture.u8` and `plan.tsv` (timestep, seed, boxes; a step a line). */
void write_inputs(const std::string& folder, const Setting& setting, uint32_t seed) {
  const auto rgb = picture(seed);
  std::ofstream(folder + "/picture.u8", std::ios::binary)
      .write(reinterpret_cast<const char*>(rgb.data()), static_cast<std::streamsize>(rgb.size()));
  std::ofstream out(folder + "/plan.tsv");
  out.precision(9);
  for (const auto& step : plan(setting, true, seed)) {
    out << step.timesteps[0] << '\t' << step.noise_seed;
    for (const float value : step.boxes) out << '\t' << value;
    out << '\n';
  }
}

int run(const Arguments& arguments) {
  if (arguments.values.count("loss") != 0)
    return time_loss(arguments.number("loss", 4096), arguments.number("categories", 4));

  EngineConfig config = stable_diffusion(arguments.text("weights"), arguments.text("scripts", "models/sd21"));
  config.device = arguments.text("device", "auto");
  config.dtype = arguments.text("dtype", "auto");
  config.threads = arguments.number("threads", 0);
  Setting setting{arguments.number("steps", 15), arguments.number("views", 2), arguments.number("categories", 3)};
  const int64_t images = arguments.number("images", 5);
  if (arguments.values.count("inputs") != 0) {
    write_inputs(arguments.text("inputs"), setting, 7);
    return 0;
  }

  auto start = Clock::now();
  const auto engine = std::make_shared<Engine>(config);
  wait_for(engine->device());
  setting.at_once = engine->device().is_cpu() ? 1 : arguments.number("at-once", setting.steps);
  if (arguments.values.count("plain") != 0) engine->graphs().set_enabled(false);
  engine->set_encoder_batch(arguments.number("encoder-batch", engine->encoder_batch()));
  std::printf(
      "%s, %s, LibTorch %s, opened in %.1f s\n", device_name(engine->device()).c_str(),
      dtype_name(engine->dtype()).c_str(), runtime_info().torch.c_str(), since(start) / 1000);

  if (arguments.values.count("operators") != 0) return count_operators(engine, setting);

  std::ofstream json;
  if (arguments.values.count("json") != 0) json.open(arguments.text("json"));
  if (json)
    json << "{\"device\":\"" << device_name(engine->device()) << "\",\"dtype\":\"" << dtype_name(engine->dtype())
         << "\"";
  if (images > 0) {
    for (const bool fresh : {false, true}) {
      if (fresh ? arguments.values.count("kept") != 0 : arguments.values.count("fresh") != 0) continue;
      forget(engine);
      const int64_t warm = engine->device().is_cuda() ? 3 : 0;
      for (int64_t i = 0; i < warm; ++i) segment(engine, setting, fresh, static_cast<uint32_t>(i), nullptr);
      Stages stages;
      reset_peak_memory(engine->device());
      const auto begin = Clock::now();
      for (int64_t i = 0; i < images; ++i) segment(engine, setting, fresh, static_cast<uint32_t>(100 + i), &stages);
      const double each = since(begin) / static_cast<double>(images);
      const char* name = fresh ? "fresh views" : "views kept";
      std::printf(
          "\n%s: %.1f ms an image, reserved device memory %.2f GiB\n", name, each,
          static_cast<double>(device_memory(engine->device()).peak) / (1 << 30));
      if (json) json << ",\"" << (fresh ? "fresh" : "kept") << "\":{\"peak\":" << device_memory(engine->device()).peak;
      for (const auto& stage : stages.order) {
        const auto& times = stages.times[stage];
        const double half = quantile(times, 0.5), most = quantile(times, 0.9);
        std::printf("  %-22s p50 %8.2f  p90 %8.2f ms\n", stage.c_str(), half, most);
        if (json) json << ",\"" << stage << "\":[" << half << ',' << most << ']';
      }
      if (json) json << '}';
    }
    const auto& counts = engine->graphs().counts();
    std::printf(
        "graphs: %lld plain, %lld captured, %lld replayed %s\n", static_cast<long long>(counts.plain),
        static_cast<long long>(counts.captured), static_cast<long long>(counts.replayed),
        engine->graphs().failure().c_str());
  }
  for (const int64_t batch : arguments.numbers("batches")) {
    for (const bool fresh : {false, true}) {
      if (fresh ? arguments.values.count("kept") != 0 : arguments.values.count("fresh") != 0) continue;
      forget(engine);
      for (int i = 0; i < 2; ++i) segment_together(engine, setting, fresh, 1, batch);
      reset_peak_memory(engine->device());
      std::vector<double> times;
      for (uint32_t i = 0; i < 2; ++i) times.push_back(segment_together(engine, setting, fresh, 50 * i, batch));
      const double rate = 1000.0 * static_cast<double>(batch) / quantile(times, 0.5);
      std::printf(
          "batch %2lld, %-11s %6.2f images/s, reserved device memory %.2f GiB\n", static_cast<long long>(batch),
          fresh ? "fresh views" : "views kept", rate,
          static_cast<double>(device_memory(engine->device()).peak) / (1 << 30));
      if (json) json << ",\"batch " << batch << (fresh ? " fresh" : " kept") << "\":" << rate;
    }
  }
  if (json) json << "}\n";

  if (arguments.values.count("save") != 0 || arguments.values.count("against") != 0) {
    const Outcome outcome = segment(engine, setting, true, 7, nullptr);
    std::printf("losses");
    for (const double loss : outcome.losses) std::printf(" %.5f", loss);
    std::printf("\n");
    if (arguments.values.count("save") != 0) {
      const auto bytes = torch::jit::pickle_save(c10::IValue(std::vector<at::Tensor>{
          at::tensor(outcome.losses, at::kDouble), outcome.embedding, outcome.prediction.maps,
          outcome.prediction.labels}));
      std::ofstream(arguments.text("save"), std::ios::binary)
          .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }
    if (arguments.values.count("against") != 0) compare(outcome, arguments.text("against"));
  }

  if (arguments.values.count("trace") != 0) {
    using namespace torch::autograd::profiler;
    const int64_t together = arguments.number("trace-batch", 1);
    const bool fresh = arguments.values.count("trace-kept") == 0;
    const auto run_once = [&](uint32_t seed) {
      if (together > 1) {
        segment_together(engine, setting, fresh, seed, together);
      } else {
        segment(engine, setting, fresh, seed, nullptr);
      }
    };
    for (uint32_t i = 0; i < 3; ++i) run_once(i);
    const ProfilerConfig profiler(ProfilerState::KINETO);
    const std::set<ActivityType> activities{ActivityType::CUDA};
    prepareProfiler(profiler, activities);
    enableProfiler(profiler, activities);
    run_once(5);
    disableProfiler()->save(arguments.text("trace"));
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    int status = 1;
    guarded([&] { status = run(Arguments(count, words)); });
    return status;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
