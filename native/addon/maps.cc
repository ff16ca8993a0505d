#include "addon/arrays.h"
#include "addon/handles.h"
#include "addon/options.h"
#include "core/engine/stream.h"
#include "core/maps/aggregate.h"
#include "core/maps/categories.h"
#include "core/maps/refine.h"
#include "core/methods/cluster_means.h"
#include "core/methods/proposals.h"
#include "core/methods/segments.h"

/** Attention maps that stay on the device, and what methods do with them. */
namespace invseg::addon {
namespace {

/** Queues work on maps whose result is maps. */
template <typename F>
Napi::Value transform(Napi::Env env, const std::shared_ptr<MapsState>& own, F&& work) {
  return own->engine->worker->submit(env, [own, work = std::forward<F>(work)]() -> Reply {
    at::NoGradGuard no_grad;
    return MapsHandle::reply(own->engine, work(own->maps));
  });
}

/** Queues work whose result is a prediction, and takes its time. */
template <typename F>
Napi::Value predict(Napi::Env env, const std::shared_ptr<MapsState>& own, F&& work) {
  return own->engine->worker->submit(env, [own, work = std::forward<F>(work)]() -> Reply {
    at::NoGradGuard no_grad;
    const auto start = std::chrono::steady_clock::now();
    Prediction result = work(own->maps);
    wait_for(own->maps.device());
    result.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return prediction_reply(std::move(result));
  });
}

const std::shared_ptr<MapsState>& argument(Napi::Env env, const Napi::Value& value, const EngineState& engine) {
  return same_engine(unwrap<MapsHandle>(value, Environment::of(env).maps, "maps").state(), engine, "maps");
}

}  // namespace

Napi::Value MapsHandle::wrap(Napi::Env env, const std::shared_ptr<EngineState>& engine, const at::Tensor& maps) {
  if (!maps.defined()) return env.Null();
  auto state = std::make_shared<MapsState>(MapsState{engine, maps});
  return make(env, Environment::of(env).maps, std::move(state), static_cast<int64_t>(maps.nbytes()));
}

Reply MapsHandle::reply(std::shared_ptr<EngineState> engine, at::Tensor maps) {
  return [engine = std::move(engine), maps = std::move(maps)](Napi::Env env) { return wrap(env, engine, maps); };
}

Napi::Value MapsHandle::shape(const Napi::CallbackInfo& info) {
  return entry(info.Env(), [&]() -> Napi::Value {
    const auto sizes = state()->maps.sizes();
    const Napi::Array result = Napi::Array::New(info.Env(), sizes.size());
    for (uint32_t i = 0; i < sizes.size(); ++i) result.Set(i, static_cast<double>(sizes[i]));
    return result;
  });
}

Napi::Value MapsHandle::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    return own->engine->worker->submit(env, [own]() -> Reply {
      return [values = own->maps.cpu()](Napi::Env reply_env) { return to_array<float>(reply_env, values); };
    });
  });
}

Napi::Value MapsHandle::categories(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    auto spans = spans_of(info[0]);
    const SubtokenRule rule = parse_subtoken_rule(string_of(info[1], "subtokens"));
    const auto own = state();
    check_spans(spans, own->maps.size(0), own->maps.size(2));
    return transform(env, own, [spans = std::move(spans), rule](const at::Tensor& maps) {
      return CategoryPicker(spans, rule, maps.size(0), maps.size(2), maps.device())(maps);
    });
  });
}

Napi::Value MapsHandle::merge(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    auto groups = copy<int32_t, int64_t>(info[0], "groups", own->maps.size(2));
    return transform(env, own, [groups = std::move(groups)](const at::Tensor& maps) {
      return WordMerger(groups, maps.device())(maps);
    });
  });
}

Napi::Value MapsHandle::cluster_means(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const int64_t grid = integer_of(info[0], "grid"), iterations = integer_of(info[1], "iterations");
    return transform(env, state(), [grid, iterations](const at::Tensor& maps) {
      return invseg::cluster_means(maps, grid, iterations);
    });
  });
}

Napi::Value MapsHandle::reduce_entropy(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const double strength = number_of(info[0], "strength");
    const auto own = state();
    check_shape(own->maps.size(1) == own->maps.size(2), "Expected self-attention to reduce the entropy of");
    return transform(env, own, [strength](const at::Tensor& maps) { return invseg::reduce_entropy(maps, strength); });
  });
}

Napi::Value MapsHandle::refine(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    const auto cross = argument(env, info[0], *own->engine);
    const int64_t iterations = integer_of(info[1], "iterations");
    const bool unit = boolean_of(info[2], "unitSum");
    check_shape(
        own->maps.size(1) == own->maps.size(2) && own->maps.size(1) == cross->maps.size(1),
        "Expected self-attention and maps of the same points to refine");
    return transform(env, own, [cross, iterations, unit](const at::Tensor& self) {
      if (unit) return refine_iterated(self, cross->maps, iterations);
      at::Tensor maps = cross->maps;
      for (int64_t i = 0; i < iterations; ++i) maps = self.matmul(maps);
      return maps;
    });
  });
}

Napi::Value MapsHandle::min_max(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    return transform(env, state(), [](const at::Tensor& maps) { return invseg::min_max(maps, 1); });
  });
}

Napi::Value MapsHandle::proposals(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const Napi::Object object = object_of(info[0], "the options of the proposals");
    ProposalOptions options;
    options.anchors = integer_of(object.Get("anchors"), "anchors");
    options.threshold = number_of(object.Get("threshold"), "threshold");
    options.iterations = integer_of(object.Get("iterations"), "iterations");
    return transform(env, state(), [options](const at::Tensor& maps) { return find_proposals(maps, options); });
  });
}

Napi::Value MapsHandle::label(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const LabelOptions options = label_options(object_of(info[0], "the labels' options"));
    return predict(env, state(), [options](const at::Tensor& maps) { return label_maps(maps, options); });
  });
}

Napi::Value MapsHandle::label_segments(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    const LabelOptions options = label_options(object_of(info[1], "the labels' options"));
    if (info[0].IsNull()) {
      return predict(env, own, [options](const at::Tensor& maps) { return number_segments(maps, options); });
    }
    const auto named = argument(env, info[0], *own->engine);
    return predict(
        env, own, [named, options](const at::Tensor& maps) { return name_segments(maps, named->maps, options); });
  });
}

Napi::Function MapsHandle::define(Napi::Env env) {
  return DefineClass(
      env, "Maps",
      {
          InstanceAccessor<&MapsHandle::shape>("shape"),
          InstanceMethod<&MapsHandle::read>("read"),
          InstanceMethod<&MapsHandle::categories>("categories"),
          InstanceMethod<&MapsHandle::merge>("merge"),
          InstanceMethod<&MapsHandle::cluster_means>("clusterMeans"),
          InstanceMethod<&MapsHandle::reduce_entropy>("reduceEntropy"),
          InstanceMethod<&MapsHandle::refine>("refine"),
          InstanceMethod<&MapsHandle::min_max>("minMax"),
          InstanceMethod<&MapsHandle::proposals>("proposals"),
          InstanceMethod<&MapsHandle::label>("label"),
          InstanceMethod<&MapsHandle::label_segments>("labelSegments"),
          InstanceMethod<&MapsHandle::dispose>("dispose"),
      });
}

}  // namespace invseg::addon
