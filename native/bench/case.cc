#include "case.h"

#include <random>

#include "selections.h"

using namespace invseg;

namespace bench {

std::vector<uint8_t> picture(uint32_t seed) {
  std::vector<uint8_t> rgb(kWidth * kHeight * 3);
  std::mt19937 random(seed);
  const double cx = 150 + random() % 300, cy = 150 + random() % 150;
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      const bool disc = (x - cx) * (x - cx) + (y - cy) * (y - cy) < 110 * 110;
      auto* pixel = &rgb[static_cast<size_t>((y * kWidth + x) * 3)];
      pixel[0] = static_cast<uint8_t>(disc ? 220 : 100 + (x / 8) % 64);
      pixel[1] = static_cast<uint8_t>(disc ? 60 : 140 + (y / 8) % 48);
      pixel[2] = static_cast<uint8_t>(disc ? 40 + random() % 16 : 90);
    }
  }
  return rgb;
}

std::vector<StepInput> plan(const Setting& setting, bool fresh, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> unit(0, 1);
  std::vector<StepInput> steps;
  for (int64_t i = 0; i < setting.steps; ++i) {
    StepInput step;
    for (int64_t v = 0; v < setting.views && (fresh || i == 0); ++v) {
      const float side = 0.6f + 0.4f * unit(random);
      for (const float value : {(1 - side) * unit(random), (1 - side) * unit(random), side, side})
        step.boxes.push_back(value);
    }
    step.timesteps.assign(static_cast<size_t>(setting.views), 5 + static_cast<int64_t>(random() % 296));
    step.noise_seed = random();
    steps.push_back(std::move(step));
  }
  return steps;
}

InversionOptions method(const EngineConfig& config, const Setting& setting) {
  InversionOptions options;
  options.trainable.assign(static_cast<size_t>(config.prompt_length), 0);
  for (int64_t c = 0; c < setting.categories; ++c) {
    options.spans.push_back({0, 1 + 2 * c, 2});
    options.trainable[static_cast<size_t>(1 + 2 * c)] = options.trainable[static_cast<size_t>(2 + 2 * c)] = 1;
  }
  options.training = select_levels(config, {0, 0, 1, 0}, {0, 0, 1, 0});
  return options;
}

std::vector<int32_t> prompt(const EngineConfig& config, const Setting& setting) {
  std::vector<int32_t> ids(static_cast<size_t>(config.prompt_length), 0);
  ids[0] = 49406;
  for (int64_t i = 0; i < 2 * setting.categories; ++i)
    ids[static_cast<size_t>(1 + i)] = static_cast<int32_t>(320 + 977 * i);
  ids[static_cast<size_t>(1 + 2 * setting.categories)] = 49407;
  return ids;
}

PredictOptions prediction(const EngineConfig& config) {
  PredictOptions predict;
  predict.selection = select_levels(config, {8. / 15, 4. / 15, 2. / 15, 1. / 15}, {0, 0, 1, 0});
  predict.width = kWidth;
  predict.height = kHeight;
  predict.noise_seed = 11;
  return predict;
}

}  // namespace bench
