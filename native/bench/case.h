#pragma once

#include <cstdint>
#include <vector>

#include "core/inversion/inversion.h"

/** The image that the bench times, the same in every program of it. */
namespace bench {

inline constexpr int64_t kWidth = 640, kHeight = 480;

struct Setting {
  int64_t steps, views, categories;
  int64_t at_once = 1;  ///< steps that the device is given without waiting for each
};

/** RGB bytes [kHeight, kWidth, 3]: a disc on a pattern. */
std::vector<uint8_t> picture(uint32_t seed);

/** Views, timesteps and noise of all steps; without `fresh`, those of the first step are kept. */
std::vector<invseg::StepInput> plan(const Setting& setting, bool fresh, uint32_t seed);

/** Token ids of one prompt, two sub-tokens a name. */
std::vector<int32_t> prompt(const invseg::EngineConfig& config, const Setting& setting);

/** Spans and options of that prompt; the defaults of the method. */
invseg::InversionOptions method(const invseg::EngineConfig& config, const Setting& setting);

invseg::PredictOptions prediction(const invseg::EngineConfig& config);

}  // namespace bench
