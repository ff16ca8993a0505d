#include "addon/options.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "addon/arrays.h"

namespace invseg::addon {
namespace {

[[noreturn]] void refuse(const std::string& wanted, const std::string& what, const Napi::Value& value) {
  throw Error("INVALID_OPTION", "Expected " + wanted + " for " + what + " but received " + describe(value));
}

double number(const Napi::Object& object, const char* key) { return number_of(object.Get(key), key); }
int64_t integer(const Napi::Object& object, const char* key) { return integer_of(object.Get(key), key); }
/** A size: large ones would overflow where they are multiplied. */
int64_t size(const Napi::Object& object, const char* key) {
  const int64_t value = integer(object, key);
  if (value < 1 || value > (1 << 20)) refuse("an integer from 1 to 1048576", key, object.Get(key));
  return value;
}
std::string string(const Napi::Object& object, const char* key) { return string_of(object.Get(key), key); }
bool boolean(const Napi::Object& object, const char* key) { return boolean_of(object.Get(key), key); }
Napi::Object nested(const Napi::Object& object, const char* key) { return object_of(object.Get(key), key); }

Napi::Array list(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) refuse("an array", key, value);
  return value.As<Napi::Array>();
}

/**
 * Reads an object field by field and knows what it was asked for: a field that nobody reads is an option that would be lost on
 * the way from the table of options (lib/options/table.ts) to the core.
 */
class Reader {
 public:
  Reader(const Napi::Object& object, std::string what) : object_(object), what_(std::move(what)) {}

  Napi::Value value(const char* key) {
    read_.insert(key);
    return object_.Get(key);
  }
  bool given(const char* key) { return !value(key).IsUndefined(); }
  double number(const char* key) { return number_of(value(key), key); }
  int64_t integer(const char* key) { return integer_of(value(key), key); }
  int64_t size(const char* key) { return invseg::addon::size(object_, (read_.insert(key), key)); }
  std::string string(const char* key) { return string_of(value(key), key); }
  bool boolean(const char* key) { return boolean_of(value(key), key); }
  Napi::Object nested(const char* key) { return object_of(value(key), key); }

  /** @throws Error `INVALID_OPTION` for a field that was not read */
  void finish() const {
    const Napi::Array names = object_.GetPropertyNames();
    for (uint32_t i = 0; i < names.Length(); ++i) {
      const std::string name = names.Get(i).ToString().Utf8Value();
      if (!read_.contains(name)) throw Error("INVALID_OPTION", "Unknown option " + name + " of " + what_);
    }
  }

 private:
  Napi::Object object_;
  std::string what_;
  std::set<std::string> read_;
};

/** Whether the weights are to be copied; a configuration without the property says no. */
bool copies_weights(const Napi::Object& config) {
  return !config.Get("copyWeights").IsUndefined() && boolean(config, "copyWeights");
}

/** The bytes that were hashed are those that run: a file could be another one by now. */
std::string code_of(const Napi::Object& module) {
  const Napi::Value code = module.Get("code");
  if (code.IsUndefined()) return {};
  const auto [bytes, size] = view<uint8_t>(code, "code");
  if (size == 0) refuse("the bytes of a module", "code", code);
  return {reinterpret_cast<const char*>(bytes), size};
}

/** @param config the whole configuration that the module is a part of */
ModuleConfig module_config(const Napi::Object& object, const Napi::Object& config) {
  ModuleConfig module;
  module.copy_weights = copies_weights(config);
  module.script = string(object, "script");
  module.code = code_of(object);
  const Napi::Array weights = list(object, "weights");
  module.weights.reserve(weights.Length());
  for (uint32_t i = 0; i < weights.Length(); ++i) {
    const Napi::Object source = object_of(weights.Get(i), "weights");
    TensorSource tensor;
    tensor.name = string(source, "name");
    tensor.file = string(source, "file");
    tensor.dtype = string(source, "dtype");
    const Napi::Array shape = list(source, "shape");
    for (uint32_t d = 0; d < shape.Length(); ++d) tensor.shape.push_back(integer_of(shape.Get(d), "shape"));
    tensor.begin = integer(source, "begin");
    tensor.end = integer(source, "end");
    module.weights.push_back(std::move(tensor));
  }
  return module;
}

const char* array_name(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
      return "Int8Array";
    case napi_uint8_array:
      return "Uint8Array";
    case napi_uint8_clamped_array:
      return "Uint8ClampedArray";
    case napi_int16_array:
      return "Int16Array";
    case napi_uint16_array:
      return "Uint16Array";
    case napi_int32_array:
      return "Int32Array";
    case napi_uint32_array:
      return "Uint32Array";
    case napi_float32_array:
      return "Float32Array";
    case napi_float64_array:
      return "Float64Array";
    case napi_bigint64_array:
      return "BigInt64Array";
    case napi_biguint64_array:
      return "BigUint64Array";
    default:
      return "typed array";
  }
}

}  // namespace

std::string describe(const Napi::Value& value) {
  if (value.IsUndefined()) return "undefined";
  if (value.IsNull()) return "null";
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value() ? "true" : "false";
  if (value.IsNumber()) return "the number " + value.ToString().Utf8Value();
  if (value.IsString()) return "the string \"" + value.As<Napi::String>().Utf8Value().substr(0, 60) + "\"";
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    return "a " + std::string(array_name(array.TypedArrayType())) + " of " + std::to_string(array.ElementLength());
  }
  if (value.IsArray()) return "an array of " + std::to_string(value.As<Napi::Array>().Length());
  return value.IsFunction() ? "a function" : "an object";
}

double number_of(const Napi::Value& value, const std::string& what) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!std::isfinite(number)) refuse("a finite number", what, value);
  return number;
}

int64_t integer_of(const Napi::Value& value, const std::string& what) {
  const double number = number_of(value, what);
  if (number != std::floor(number) || std::abs(number) > 9007199254740991.0) {
    refuse("an integer", what, value);
  }
  return static_cast<int64_t>(number);
}

std::string string_of(const Napi::Value& value, const std::string& what) {
  if (!value.IsString()) refuse("a string", what, value);
  return value.As<Napi::String>().Utf8Value();
}

bool boolean_of(const Napi::Value& value, const std::string& what) {
  if (!value.IsBoolean()) refuse("true or false", what, value);
  return value.As<Napi::Boolean>().Value();
}

Napi::Object object_of(const Napi::Value& value, const std::string& what) {
  if (!value.IsObject()) refuse("an object", what, value);
  return value.As<Napi::Object>();
}

EngineConfig engine_config(const Napi::Object& object) {
  EngineConfig config;
  config.text_encoder = module_config(nested(object, "textEncoder"), object);
  config.vae_encoder = module_config(nested(object, "vaeEncoder"), object);
  config.unet = module_config(nested(object, "unet"), object);
  config.device = string(object, "device");
  config.dtype = string(object, "dtype");
  config.threads = integer(object, "threads");
  config.check_finite = boolean(object, "checkFinite");
  config.image_size = size(object, "imageSize");
  config.latent_size = size(object, "latentSize");
  config.latent_channels = size(object, "latentChannels");
  config.latent_scale = number(object, "latentScale");
  config.prompt_length = size(object, "promptLength");
  config.context_width = size(object, "contextWidth");
  config.time_width = size(object, "timeWidth");
  const Napi::Array layers = list(object, "layers");
  for (uint32_t i = 0; i < layers.Length(); ++i) {
    const Napi::Object layer = object_of(layers.Get(i), "layers");
    config.layers.push_back({string(layer, "name"), integer(layer, "level"), size(layer, "heads")});
  }
  const Napi::Object schedule = nested(object, "schedule");
  config.schedule = {size(schedule, "steps"), number(schedule, "betaStart"), number(schedule, "betaEnd")};
  return config;
}

MapSelection map_selection(const Napi::Object& object, const EngineConfig& config) {
  const auto layers = static_cast<int64_t>(config.layers.size());
  MapSelection selection;
  selection.self_layers = copy<uint8_t, int64_t>(object.Get("selfLayers"), "selfLayers", layers);
  selection.cross_layers = copy<uint8_t, int64_t>(object.Get("crossLayers"), "crossLayers", layers);
  selection.self_heads = tensor(object.Get("selfHeads"), "selfHeads", {layers, config.max_heads()});
  selection.cross_heads = tensor(object.Get("crossHeads"), "crossHeads", {layers, config.max_heads()});
  selection.self_weights = copy<float, double>(object.Get("selfWeights"), "selfWeights", config.levels());
  selection.cross_weights = copy<float, double>(object.Get("crossWeights"), "crossWeights", config.levels());
  const std::string scale = string(object, "crossScale");
  if (scale != "none" && scale != "min-max" && scale != "sum")
    refuse("none, min-max or sum", "crossScale", object.Get("crossScale"));
  selection.cross_scale = scale == "sum"       ? CrossScale::sum
                          : scale == "min-max" ? CrossScale::min_max
                                               : CrossScale::none;
  selection.check(config);
  return selection;
}

EntropyOptions entropy_options(const Napi::Object& object) {
  Reader reader(object, "the entropy");
  EntropyOptions options;
  options.normalise = parse_entropy_normalise(reader.string("normalise"));
  options.reduce = parse_entropy_reduce(reader.string("reduce"));
  options.region = parse_entropy_region(reader.string("region"));
  reader.finish();
  return options;
}

InversionOptions inversion_options(const Napi::Object& object, const EngineConfig& config, int64_t prompts) {
  Reader reader(object, "an inversion");
  InversionOptions options;
  options.spans = spans_of(reader.value("spans"));
  if (reader.given("groups")) options.groups = copy<int32_t, int64_t>(reader.value("groups"), "groups");
  options.subtokens = parse_subtoken_rule(reader.string("subtokens"));
  options.training = map_selection(reader.nested("training"), config);
  options.frame = reader.size("frame");
  options.gradient = parse_gradient_mode(reader.string("gradient"));
  options.refine_iterations = reader.integer("refineIterations");
  options.cluster.anchor_scale = reader.number("anchorScale");
  options.cluster.anchor_centre = reader.number("anchorCentre");
  options.cluster.symmetric = parse_inter_pairs(reader.string("interPairs"));
  options.cluster_weight = reader.number("clusterWeight");
  options.alpha = reader.number("alpha");
  options.entropy = entropy_options(reader.nested("entropy"));
  options.trainable = copy<uint8_t>(reader.value("trainable"), "trainable", prompts * config.prompt_length);
  options.adam.learning_rate = reader.number("learningRate");
  options.adam.beta1 = reader.number("beta1");
  options.adam.beta2 = reader.number("beta2");
  options.adam.eps = reader.number("adamEps");
  reader.finish();
  return options;
}

StepInput step_input(const Napi::Object& object) {
  StepInput input;
  input.boxes = copy<float>(object.Get("boxes"), "boxes");
  input.timesteps = copy<int32_t, int64_t>(object.Get("timesteps"), "timesteps");
  input.noise_seed = static_cast<uint64_t>(integer(object, "noiseSeed"));
  return input;
}

PictureConfig picture_config(const Napi::Object& object) {
  PictureConfig picture;
  picture.size = size(object, "size");
  if (picture.size > (1 << 12)) refuse("at most 4096", "size", object.Get("size"));
  picture.crop = boolean(object, "crop");
  const auto mean = copy<float>(object.Get("mean"), "mean", 3),
             deviation = copy<float>(object.Get("deviation"), "deviation", 3);
  std::copy(mean.begin(), mean.end(), picture.mean.begin());
  std::copy(deviation.begin(), deviation.end(), picture.deviation.begin());
  return picture;
}

VisionLanguageConfig vision_language_config(const Napi::Object& object) {
  VisionLanguageConfig config;
  if (const Napi::Value part = object.Get("contrastive"); !part.IsNull()) {
    const Napi::Object model = object_of(part, "contrastive");
    config.contrastive = ContrastiveConfig{
        module_config(nested(model, "imageEncoder"), object), module_config(nested(model, "textEncoder"), object),
        picture_config(nested(model, "picture")), size(model, "length")};
  }
  if (const Napi::Value part = object.Get("captioner"); !part.IsNull()) {
    const Napi::Object model = object_of(part, "captioner");
    config.captioner = CaptionerConfig{
        module_config(nested(model, "visionEncoder"), object), module_config(nested(model, "textDecoder"), object),
        picture_config(nested(model, "picture")), size(model, "length"), integer(model, "end")};
  }
  config.device = string(object, "device");
  config.dtype = string(object, "dtype");
  config.threads = integer(object, "threads");
  config.check_finite = boolean(object, "checkFinite");
  return config;
}

std::optional<uint64_t> noise_seed_of(const Napi::Value& value) {
  if (value.IsNull()) return std::nullopt;
  return static_cast<uint64_t>(integer_of(value, "noiseSeed"));
}

std::vector<CategorySpan> spans_of(const Napi::Value& value) {
  const auto numbers = copy<int32_t>(value, "spans");
  check_shape(!numbers.empty() && numbers.size() % 3 == 0, "Expected three numbers a category for spans");
  std::vector<CategorySpan> spans;
  for (size_t i = 0; i < numbers.size(); i += 3) spans.push_back({numbers[i], numbers[i + 1], numbers[i + 2]});
  return spans;
}

/** Those of the labels, for whoever reads more of the same object. */
static LabelOptions read_labels(Reader& reader) {
  LabelOptions options;
  options.width = reader.size("width");
  options.height = reader.size("height");
  const std::string order = reader.string("order");
  if (order != "resize-first" && order != "argmax-first") {
    refuse("resize-first or argmax-first", "order", reader.value("order"));
  }
  options.argmax_first = order == "argmax-first";
  options.maps = reader.boolean("maps");
  // What only some methods use may be left out.
  if (reader.given("background")) options.background = parse_background_rule(reader.string("background"));
  if (reader.given("threshold")) options.threshold = reader.number("threshold");
  if (reader.given("rescale")) options.rescale = reader.boolean("rescale");
  if (reader.given("strengths")) options.strengths = reader.boolean("strengths");
  return options;
}

LabelOptions label_options(const Napi::Object& object) {
  Reader reader(object, "labels");
  LabelOptions options = read_labels(reader);
  reader.finish();
  return options;
}

PredictOptions predict_options(const Napi::Object& object, const EngineConfig& config) {
  Reader reader(object, "a prediction");
  PredictOptions options;
  static_cast<LabelOptions&>(options) = read_labels(reader);
  options.selection = map_selection(reader.nested("selection"), config);
  options.timestep = reader.integer("timestep");
  options.noise_seed = noise_seed_of(reader.value("noiseSeed"));
  options.refine_iterations = reader.integer("refineIterations");
  if (reader.given("refine")) {
    Reader refinement(reader.nested("refine"), "the refinement");
    options.refinement.iterations = refinement.integer("iterations");
    options.refinement.entropy_reduction = refinement.number("entropyReduction");
    refinement.finish();
  }
  reader.finish();
  return options;
}

Reply prediction_reply(Prediction prediction) {
  return [result = std::move(prediction)](Napi::Env env) -> Napi::Value {
    const Napi::Object object = Napi::Object::New(env);
    object.Set("labels", to_array<uint8_t>(env, result.labels));
    object.Set("areas", to_array<double>(env, result.areas));
    object.Set("scores", to_array<float>(env, result.scores));
    object.Set("maps", to_array_or_null(env, result.maps));
    object.Set("foreground", result.foreground.defined() ? to_array<uint8_t>(env, result.foreground) : env.Null());
    object.Set("strengths", to_array_or_null(env, result.strengths));
    object.Set("milliseconds", result.milliseconds);
    return object;
  };
}

}  // namespace invseg::addon
