#include "addon/functions.h"

#include "addon/arrays.h"
#include "addon/errors.h"
#include "addon/options.h"
#include "core/pure.h"

namespace invseg::addon {
namespace {

/** An integer argument of at least `least`. */
int64_t at_least(int64_t least, const Napi::Value& value, const char* what) {
  const int64_t number = integer_of(value, what);
  if (number < least) {
    throw Error(
        "INVALID_OPTION", std::string("Expected ") + what + " of at least " + std::to_string(least) + " but received " +
                              std::to_string(number));
  }
  return number;
}

std::optional<at::Tensor> upstream_of(const Napi::Value& value, at::IntArrayRef shape) {
  if (value.IsNull() || value.IsUndefined()) return std::nullopt;
  return tensor(value, "upstream", shape);
}

}  // namespace

Napi::Value aggregate_attention(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return entry(env, [&]() -> Napi::Value {
    const std::string kind = string_of(info[0], "kind");
    if (kind != "self" && kind != "cross") throw Error("INVALID_OPTION", "Expected 'self' or 'cross' for kind");
    if (!info[1].IsArray()) throw Error("INVALID_OPTION", "Expected an array of Float32Arrays for maps");
    const auto list = info[1].As<Napi::Array>();
    const auto sides = copy<int32_t, int64_t>(info[2], "sides", list.Length());
    const auto weights = copy<float, double>(info[3], "weights", list.Length());
    const int64_t size = at_least(1, info[4], "size");
    int64_t keys = size * size;
    std::vector<at::Tensor> maps;
    for (uint32_t i = 0; i < list.Length(); ++i) {
      check_shape(sides[i] >= 1 && sides[i] <= (1 << 15), "Expected a side of at least 1 for every map");
      const int64_t points = sides[i] * sides[i];
      const auto count = static_cast<int64_t>(view<float>(list.Get(i), "maps").second);
      if (kind == "cross") keys = count / points;
      const int64_t columns = kind == "self" ? points : keys;
      check_shape(columns >= 1, "Expected maps of side * side rows");
      maps.push_back(tensor(list.Get(i), "maps", {points, columns}));
    }
    const auto result = pure::aggregate_attention(
        kind, maps, sides, weights, size, boolean_of(info[5], "minMax"), upstream_of(info[6], {size * size, keys}));
    const Napi::Object object = Napi::Object::New(env);
    object.Set("value", to_array<float>(env, result.value));
    object.Set("gradients", env.Null());
    if (!result.gradients.empty()) {
      const Napi::Array gradients = Napi::Array::New(env, result.gradients.size());
      for (uint32_t i = 0; i < result.gradients.size(); ++i) {
        gradients.Set(i, to_array<float>(env, result.gradients[i]));
      }
      object.Set("gradients", gradients);
    }
    return object;
  });
}

Napi::Value refine_attention(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return entry(env, [&]() -> Napi::Value {
    const int64_t points = at_least(1, info[2], "points"), categories = at_least(1, info[3], "categories");
    const auto result = pure::refine_attention(
        tensor(info[0], "self", {points, points}), tensor(info[1], "cross", {points, categories}),
        at_least(0, info[4], "iterations"), upstream_of(info[5], {points, categories}));
    const Napi::Object object = Napi::Object::New(env);
    object.Set("value", to_array<float>(env, result.value));
    object.Set("selfGradient", to_array_or_null(env, result.self_gradient));
    object.Set("crossGradient", to_array_or_null(env, result.cross_gradient));
    return object;
  });
}

Napi::Value cluster_loss(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return entry(env, [&]() -> Napi::Value {
    const int64_t points = at_least(1, info[2], "points"), categories = at_least(1, info[3], "categories");
    ClusterOptions options;
    options.anchor_scale = number_of(info[4], "anchorScale");
    options.anchor_centre = number_of(info[5], "anchorCentre");
    options.symmetric = parse_inter_pairs(string_of(info[6], "interPairs"));
    options.distance_constant = boolean_of(info[7], "distanceConstant");
    const auto result = pure::cluster_loss(
        tensor(info[0], "self", {points, points}), tensor(info[1], "maps", {points, categories}), options);
    const Napi::Object object = Napi::Object::New(env);
    object.Set("loss", result.loss);
    object.Set("intra", result.intra);
    object.Set("inter", result.inter);
    object.Set("selfGradient", to_array<float>(env, result.self_gradient));
    object.Set("mapsGradient", to_array<float>(env, result.maps_gradient));
    return object;
  });
}

Napi::Value entropy_loss(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return entry(env, [&]() -> Napi::Value {
    const int64_t views = at_least(1, info[2], "views"), points = at_least(1, info[3], "points");
    const int64_t categories = at_least(1, info[4], "categories");
    const auto result = pure::entropy_loss(
        tensor(info[0], "maps", {views, points, categories}), tensor(info[1], "coverage", {views, points}),
        entropy_options(object_of(info[5], "options")));
    const Napi::Object object = Napi::Object::New(env);
    object.Set("loss", result.loss);
    object.Set("gradient", to_array<float>(env, result.gradient));
    return object;
  });
}

Napi::Value adam_step(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return entry(env, [&]() -> Napi::Value {
    const auto count = static_cast<int64_t>(view<float>(info[0], "parameter").second);
    AdamOptions options;
    options.learning_rate = number_of(info[5], "learningRate");
    options.beta1 = number_of(info[6], "beta1");
    options.beta2 = number_of(info[7], "beta2");
    options.eps = number_of(info[8], "eps");
    const AdamState next = pure::adam_step(
        tensor(info[0], "parameter", {count}), tensor(info[1], "gradient", {count}),
        tensor(info[2], "firstMoment", {count}), tensor(info[3], "secondMoment", {count}), at_least(1, info[4], "step"),
        options);
    const Napi::Object object = Napi::Object::New(env);
    object.Set("parameter", to_array<float>(env, next.parameter));
    object.Set("firstMoment", to_array<float>(env, next.first_moment));
    object.Set("secondMoment", to_array<float>(env, next.second_moment));
    return object;
  });
}

}  // namespace invseg::addon
