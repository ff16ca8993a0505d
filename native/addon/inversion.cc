#include "addon/arrays.h"
#include "addon/handles.h"
#include "addon/options.h"

/** The handles that an engine makes: embedding, image, inversion. */
namespace invseg::addon {

Napi::Value EmbeddingHandle::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    return own->engine->worker->submit(env, [own]() -> Reply {
      return [values = own->states.cpu()](Napi::Env reply_env) { return to_array<float>(reply_env, values); };
    });
  });
}

Napi::Value EmbeddingHandle::scale(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    const auto shape = own->states.sizes();
    const at::Tensor factors = tensor(info[0], "factors", {shape[0], shape[1], 1});
    return own->engine->worker->submit(env, [own, factors]() -> Reply {
      auto result = std::make_shared<EmbeddingState>();
      result->engine = own->engine;
      result->states = own->states * factors.to(own->states.device());
      return [result](Napi::Env reply_env) -> Napi::Value {
        const auto bytes = static_cast<int64_t>(result->states.nbytes());
        return EmbeddingHandle::make(reply_env, Environment::of(reply_env).embedding, result, bytes);
      };
    });
  });
}

Napi::Function EmbeddingHandle::define(Napi::Env env) {
  return DefineClass(
      env, "Embedding",
      {InstanceMethod<&EmbeddingHandle::read>("read"), InstanceMethod<&EmbeddingHandle::scale>("scale"),
       InstanceMethod<&EmbeddingHandle::dispose>("dispose")});
}

Napi::Value ImageHandle::latent(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    return own->engine->worker->submit(env, [own]() -> Reply {
      return [values = own->engine->engine->latent(own->image).cpu()](Napi::Env reply_env) {
        return to_array<float>(reply_env, values);
      };
    });
  });
}

Napi::Value ImageHandle::width(const Napi::CallbackInfo& info) {
  return entry(info.Env(), [&] { return Napi::Number::New(info.Env(), static_cast<double>(state()->image.width)); });
}

Napi::Value ImageHandle::height(const Napi::CallbackInfo& info) {
  return entry(info.Env(), [&] { return Napi::Number::New(info.Env(), static_cast<double>(state()->image.height)); });
}

Napi::Function ImageHandle::define(Napi::Env env) {
  return DefineClass(
      env, "Image",
      {
          InstanceAccessor<&ImageHandle::width>("width"),
          InstanceAccessor<&ImageHandle::height>("height"),
          InstanceMethod<&ImageHandle::latent>("latent"),
          InstanceMethod<&ImageHandle::dispose>("dispose"),
      });
}

namespace {

Napi::Value step_object(Napi::Env env, const StepResult& result) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("loss", result.loss);
  object.Set("cluster", result.cluster);
  object.Set("entropy", result.entropy);
  object.Set("intra", result.intra);
  object.Set("inter", result.inter);
  object.Set("gradientNorm", result.gradient_norm);
  object.Set("finite", result.finite);
  object.Set("milliseconds", result.milliseconds);
  return object;
}

}  // namespace

Napi::Value InversionHandle::plan(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    if (!info[0].IsArray()) throw Error("INVALID_OPTION", "Expected an array of steps for the plan");
    const auto list = info[0].As<Napi::Array>();
    std::vector<StepInput> steps;
    for (uint32_t i = 0; i < list.Length(); ++i) steps.push_back(step_input(object_of(list.Get(i), "the step")));
    return own->engine->worker->submit(env, [own, steps = std::move(steps)]() -> Reply {
      // Not moved: where memory runs out the job is run once more.
      return [milliseconds = own->inversion->plan(steps)](Napi::Env reply_env) -> Napi::Value {
        return Napi::Number::New(reply_env, milliseconds);
      };
    });
  });
}

namespace {

Napi::Value steps_array(Napi::Env env, const std::vector<StepResult>& steps) {
  const Napi::Array array = Napi::Array::New(env, steps.size());
  for (size_t i = 0; i < steps.size(); ++i) array.Set(static_cast<uint32_t>(i), step_object(env, steps[i]));
  return array;
}

/** On a CPU one step at a time: they wait for each other there, and whoever called may end the loop between them. */
std::vector<std::vector<StepResult>> next_steps(const std::vector<std::shared_ptr<InversionState>>& own, int64_t most) {
  std::vector<Inversion*> images;
  for (const auto& one : own) images.push_back(one->inversion.get());
  const bool ahead = !own.empty() && !own[0]->engine->engine->device().is_cpu();
  return Inversion::steps_together(images, ahead ? most : 1);
}

int64_t most_steps(const Napi::Value& given) {
  const int64_t most = integer_of(given, "the number of steps");
  check_shape(most >= 1, "Expected at least one step");
  return most;
}

}  // namespace

Napi::Value InversionHandle::next(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    const int64_t most = most_steps(info[0]);
    return own->engine->worker->submit(env, [own, most]() -> Reply {
      return [results = next_steps({own}, most)](Napi::Env reply_env) { return steps_array(reply_env, results[0]); };
    });
  });
}

Napi::Value EngineHandle::next_together(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto engine = state();
    if (!info[0].IsArray()) throw Error("INVALID_OPTION", "Expected an array of inversions");
    const auto list = info[0].As<Napi::Array>();
    std::vector<std::shared_ptr<InversionState>> own;
    for (uint32_t i = 0; i < list.Length(); ++i) {
      const auto& handle = unwrap<InversionHandle>(list.Get(i), Environment::of(env).inversion, "inversions");
      own.push_back(same_engine(handle.state(), *engine, "inversion"));
      for (uint32_t k = 0; k < i; ++k) check_shape(own[k] != own[i], "Expected each inversion once");
    }
    const int64_t most = most_steps(info[1]);
    return engine->worker->submit(env, [own = std::move(own), most]() -> Reply {
      return [results = next_steps(own, most)](Napi::Env reply_env) -> Napi::Value {
        const Napi::Array array = Napi::Array::New(reply_env, results.size());
        for (size_t i = 0; i < results.size(); ++i)
          array.Set(static_cast<uint32_t>(i), steps_array(reply_env, results[i]));
        return array;
      };
    });
  });
}

Napi::Value InversionHandle::step(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    auto input = step_input(object_of(info[0], "the step"));
    return own->engine->worker->submit(env, [own, input = std::move(input)]() -> Reply {
      return [result = own->inversion->step(input)](Napi::Env reply_env) { return step_object(reply_env, result); };
    });
  });
}

Napi::Value InversionHandle::predict(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    auto options = predict_options(object_of(info[0], "the prediction's options"), own->engine->config);
    return own->engine->worker->submit(env, [own, options = std::move(options)]() -> Reply {
      return prediction_reply(own->inversion->predict(options));
    });
  });
}

Napi::Value InversionHandle::embedding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    return own->engine->worker->submit(env, [own]() -> Reply {
      return [values = own->inversion->embedding().cpu()](Napi::Env reply_env) {
        return to_array<float>(reply_env, values);
      };
    });
  });
}

Napi::Function InversionHandle::define(Napi::Env env) {
  return DefineClass(
      env, "Inversion",
      {
          InstanceMethod<&InversionHandle::plan>("plan"),
          InstanceMethod<&InversionHandle::next>("next"),
          InstanceMethod<&InversionHandle::step>("step"),
          InstanceMethod<&InversionHandle::predict>("predict"),
          InstanceMethod<&InversionHandle::embedding>("embedding"),
          InstanceMethod<&InversionHandle::dispose>("dispose"),
      });
}

}  // namespace invseg::addon
