#include "addon/options.h"

#include <cmath>

#include "addon/arrays.h"

namespace invseg::addon {
namespace {

[[noreturn]] void refuse(const std::string& wanted, const std::string& what) {
  throw Error("INVALID_OPTION", "Expected " + wanted + " for " + what);
}

double number(const Napi::Object& object, const char* key) { return number_of(object.Get(key), key); }
int64_t integer(const Napi::Object& object, const char* key) { return integer_of(object.Get(key), key); }
std::string string(const Napi::Object& object, const char* key) { return string_of(object.Get(key), key); }
bool boolean(const Napi::Object& object, const char* key) { return boolean_of(object.Get(key), key); }
Napi::Object nested(const Napi::Object& object, const char* key) { return object_of(object.Get(key), key); }

Napi::Array list(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) refuse("an array", key);
  return value.As<Napi::Array>();
}

ModuleConfig module_config(const Napi::Object& object) {
  ModuleConfig module;
  module.script = string(object, "script");
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

}  // namespace

double number_of(const Napi::Value& value, const std::string& what) {
  if (!value.IsNumber()) refuse("a number", what);
  return value.As<Napi::Number>().DoubleValue();
}

int64_t integer_of(const Napi::Value& value, const std::string& what) {
  const double number = number_of(value, what);
  if (!std::isfinite(number) || number != std::floor(number) || std::abs(number) > 9007199254740991.0) {
    refuse("an integer", what);
  }
  return static_cast<int64_t>(number);
}

std::string string_of(const Napi::Value& value, const std::string& what) {
  if (!value.IsString()) refuse("a string", what);
  return value.As<Napi::String>().Utf8Value();
}

bool boolean_of(const Napi::Value& value, const std::string& what) {
  if (!value.IsBoolean()) refuse("true or false", what);
  return value.As<Napi::Boolean>().Value();
}

Napi::Object object_of(const Napi::Value& value, const std::string& what) {
  if (!value.IsObject()) refuse("an object", what);
  return value.As<Napi::Object>();
}

EngineConfig engine_config(const Napi::Object& object) {
  EngineConfig config;
  config.text_encoder = module_config(nested(object, "textEncoder"));
  config.vae_encoder = module_config(nested(object, "vaeEncoder"));
  config.unet = module_config(nested(object, "unet"));
  config.device = string(object, "device");
  config.dtype = string(object, "dtype");
  config.threads = integer(object, "threads");
  config.check_finite = boolean(object, "checkFinite");
  config.image_size = integer(object, "imageSize");
  config.latent_size = integer(object, "latentSize");
  config.latent_channels = integer(object, "latentChannels");
  config.latent_scale = number(object, "latentScale");
  config.prompt_length = integer(object, "promptLength");
  config.context_width = integer(object, "contextWidth");
  config.time_width = integer(object, "timeWidth");
  const Napi::Array layers = list(object, "layers");
  for (uint32_t i = 0; i < layers.Length(); ++i) {
    const Napi::Object layer = object_of(layers.Get(i), "layers");
    config.layers.push_back({string(layer, "name"), integer(layer, "level"), integer(layer, "heads")});
  }
  const Napi::Object schedule = nested(object, "schedule");
  config.schedule = {integer(schedule, "steps"), number(schedule, "betaStart"), number(schedule, "betaEnd")};
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
  selection.cross_min_max = boolean(object, "crossMinMax");
  selection.check(config);
  return selection;
}

EntropyOptions entropy_options(const Napi::Object& object) {
  EntropyOptions options;
  options.normalise = parse_entropy_normalise(string(object, "normalise"));
  options.reduce = parse_entropy_reduce(string(object, "reduce"));
  options.region = parse_entropy_region(string(object, "region"));
  return options;
}

InversionOptions inversion_options(const Napi::Object& object, const EngineConfig& config, int64_t prompts) {
  InversionOptions options;
  const auto spans = copy<int32_t>(object.Get("spans"), "spans");
  check_shape(!spans.empty() && spans.size() % 3 == 0, "Expected three numbers a category for spans");
  for (size_t i = 0; i < spans.size(); i += 3) options.spans.push_back({spans[i], spans[i + 1], spans[i + 2]});
  options.subtokens = parse_subtoken_rule(string(object, "subtokens"));
  options.training = map_selection(nested(object, "training"), config);
  options.frame = integer(object, "frame");
  options.gradient = parse_gradient_mode(string(object, "gradient"));
  options.refine_iterations = integer(object, "refineIterations");
  options.cluster.anchor_scale = number(object, "anchorScale");
  options.cluster.anchor_centre = number(object, "anchorCentre");
  options.cluster.symmetric = parse_inter_pairs(string(object, "interPairs"));
  options.cluster_weight = number(object, "clusterWeight");
  options.alpha = number(object, "alpha");
  options.entropy = entropy_options(nested(object, "entropy"));
  options.trainable = copy<uint8_t>(object.Get("trainable"), "trainable", prompts * config.prompt_length);
  options.adam.learning_rate = number(object, "learningRate");
  options.adam.beta1 = number(object, "beta1");
  options.adam.beta2 = number(object, "beta2");
  options.adam.eps = number(object, "adamEps");
  return options;
}

StepInput step_input(const Napi::Object& object) {
  StepInput input;
  input.boxes = copy<float>(object.Get("boxes"), "boxes");
  input.timesteps = copy<int32_t, int64_t>(object.Get("timesteps"), "timesteps");
  input.noise_seed = static_cast<uint64_t>(integer(object, "noiseSeed"));
  return input;
}

PredictOptions predict_options(const Napi::Object& object, const EngineConfig& config) {
  PredictOptions options;
  options.selection = map_selection(nested(object, "selection"), config);
  options.timestep = integer(object, "timestep");
  options.noise_seed = static_cast<uint64_t>(integer(object, "noiseSeed"));
  options.refine_iterations = integer(object, "refineIterations");
  options.width = integer(object, "width");
  options.height = integer(object, "height");
  const std::string order = string(object, "order");
  if (order != "resize-first" && order != "argmax-first") refuse("'resize-first' or 'argmax-first'", "order");
  options.argmax_first = order == "argmax-first";
  options.maps = boolean(object, "maps");
  return options;
}

}  // namespace invseg::addon
