#pragma once

#include <optional>
#include <vector>

#include <napi.h>

#include "addon/mailbox.h"
#include "core/engine/config.h"
#include "core/inversion/options.h"
#include "core/maps/selection.h"
#include "core/vision_language/config.h"

/** The objects of `lib/native/binding.ts` as the core's structs. All throw `Error` `INVALID_OPTION` or `SHAPE_MISMATCH`. */
namespace invseg::addon {

double number_of(const Napi::Value& value, const std::string& what);
int64_t integer_of(const Napi::Value& value, const std::string& what);
std::string string_of(const Napi::Value& value, const std::string& what);
bool boolean_of(const Napi::Value& value, const std::string& what);
Napi::Object object_of(const Napi::Value& value, const std::string& what);

EngineConfig engine_config(const Napi::Object& object);
MapSelection map_selection(const Napi::Object& object, const EngineConfig& config);
EntropyOptions entropy_options(const Napi::Object& object);
InversionOptions inversion_options(const Napi::Object& object, const EngineConfig& config, int64_t prompts);
StepInput step_input(const Napi::Object& object);
PictureConfig picture_config(const Napi::Object& object);
VisionLanguageConfig vision_language_config(const Napi::Object& object);
/** An unsigned seed, or null for a pass without noise. */
std::optional<uint64_t> noise_seed_of(const Napi::Value& value);
std::vector<CategorySpan> spans_of(const Napi::Value& value);
LabelOptions label_options(const Napi::Object& object);
PredictOptions predict_options(const Napi::Object& object, const EngineConfig& config);

/** The JavaScript object of a prediction: `NativePrediction`. */
Reply prediction_reply(Prediction prediction);

}  // namespace invseg::addon
