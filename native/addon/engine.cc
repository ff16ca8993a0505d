#include "addon/arrays.h"
#include "addon/handles.h"
#include "addon/options.h"
#include "core/engine/device.h"
#include "core/engine/host_memory.h"
#include "core/engine/stream.h"
#include "core/methods/attend.h"

namespace invseg::addon {
namespace {

DeviceCare care_of(const std::weak_ptr<EngineState>& weak) {
  const auto wait = [weak] {
    const auto state = weak.lock();
    if (state && state->engine) wait_for(state->engine->device());
  };
  const auto flush = [weak] {
    const auto state = weak.lock();
    if (!state) return;
    if (state->engine) state->engine->forget();
    release_memory(parse_device(state->config.device));
  };
  return {wait, flush, release_host_memory};
}

Napi::Value level_list(Napi::Env env, const std::vector<at::Tensor>& maps) {
  const Napi::Array list = Napi::Array::New(env, maps.size());
  for (size_t i = 0; i < maps.size(); ++i) list.Set(static_cast<uint32_t>(i), to_array_or_null(env, maps[i]));
  return list;
}

/** What a pass over an image reads: its latent and the text, both of this engine. From the first two arguments. */
struct Inputs {
  std::shared_ptr<ImageState> image;
  std::shared_ptr<EmbeddingState> embedding;
};

Inputs inputs_of(const Napi::CallbackInfo& info, const EngineState& engine) {
  const auto& classes = Environment::of(info.Env());
  return {
      same_engine(unwrap<ImageHandle>(info[0], classes.image, "an image").state(), engine, "image"),
      same_engine(unwrap<EmbeddingHandle>(info[1], classes.embedding, "an embedding").state(), engine, "embedding"),
  };
}

}  // namespace

void ModelState::describe(const at::Device& on, at::ScalarType type, const std::vector<const ModuleConfig*>& modules) {
  int64_t values = 0;
  for (const ModuleConfig* module : modules) {
    for (const auto& source : module->weights) values += c10::multiply_integers(source.shape);
  }
  device = on.str();
  dtype = dtype_name(type);
  device_name = invseg::device_name(on);
  bytes = values * static_cast<int64_t>(c10::elementSize(type));
}

Picture picture_of(const Napi::CallbackInfo& info, size_t first) {
  const int64_t width = integer_of(info[first + 1], "width"), height = integer_of(info[first + 2], "height");
  check_shape(
      width >= 1 && height >= 1 && width <= (1 << 24) && height <= (1 << 24),
      "Expected a picture of at least one pixel");
  return {copy<uint8_t>(info[first], "rgb", width * height * 3), width, height};
}

Napi::Value EngineHandle::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    auto state = std::make_shared<EngineState>();
    state->config = engine_config(object_of(info[0], "the engine's configuration"));
    state->worker = Worker::start(env);
    // Where this fails nothing else holds the state: the worker ends with the job.
    return state->worker->submit(env, [state]() -> Reply {
      state->worker->take_care(care_of(state));
      state->engine = std::make_shared<Engine>(state->config);
      const EngineConfig& config = state->config;
      state->describe(
          state->engine->device(), state->engine->dtype(), {&config.text_encoder, &config.vae_encoder, &config.unet});
      return [state](Napi::Env reply_env) -> Napi::Value {
        return make(reply_env, Environment::of(reply_env).engine, state, state->bytes);
      };
    });
  });
}

Napi::Value EngineHandle::encode_text(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto engine = state();
    const int64_t prompts = integer_of(info[1], "prompts");
    check_shape(prompts >= 1 && prompts <= (1 << 12), "Expected from 1 to 4096 prompts");
    auto ids = copy<int32_t>(info[0], "ids", prompts * engine->config.prompt_length);
    return engine->worker->submit(env, [engine, ids = std::move(ids), prompts]() -> Reply {
      auto result = std::make_shared<EmbeddingState>();
      result->engine = engine;
      result->states = engine->engine->encode_text(ids.data(), prompts);
      return [result](Napi::Env reply_env) -> Napi::Value {
        const auto bytes = static_cast<int64_t>(result->states.nbytes());
        return EmbeddingHandle::make(reply_env, Environment::of(reply_env).embedding, result, bytes);
      };
    });
  });
}

Napi::Value EngineHandle::encode_image(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto engine = state();
    auto picture = picture_of(info, 0);
    const bool sample = boolean_of(info[3], "sample");
    const auto seed = static_cast<uint64_t>(integer_of(info[4], "seed"));
    return engine->worker->submit(env, [engine, picture = std::move(picture), sample, seed]() -> Reply {
      const auto& [rgb, width, height] = picture;
      auto result = std::make_shared<ImageState>();
      result->engine = engine;
      result->image = engine->engine->encode_image(rgb.data(), width, height, sample, seed);
      return [result](Napi::Env reply_env) -> Napi::Value {
        const auto& config = result->engine->engine->config();
        const int64_t latent = config.latent_channels * config.latent_size * config.latent_size;
        const auto bytes = static_cast<int64_t>(result->image.canonical.nbytes() + sizeof(float) * latent);
        return ImageHandle::make(reply_env, Environment::of(reply_env).image, result, bytes);
      };
    });
  });
}

Napi::Value EngineHandle::create_inversion(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto engine = state();
    const auto [image, embedding] = inputs_of(info, *engine);
    auto options =
        inversion_options(object_of(info[2], "the inversion's options"), engine->config, embedding->states.size(0));
    return engine->worker->submit(
        env, [engine, image = image, embedding = embedding, options = std::move(options)]() -> Reply {
          auto result = std::make_shared<InversionState>();
          result->engine = engine;
          result->inversion = std::make_unique<Inversion>(engine->engine, image->image, embedding->states, options);
          std::erase_if(engine->inversions, [](const auto& weak) { return weak.expired(); });
          engine->inversions.push_back(result);
          // The embedding and the two Adam moments.
          const auto bytes = 3 * static_cast<int64_t>(embedding->states.nbytes());
          return [result, bytes](Napi::Env reply_env) -> Napi::Value {
            return InversionHandle::make(reply_env, Environment::of(reply_env).inversion, result, bytes);
          };
        });
  });
}

Napi::Value EngineHandle::read_maps(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto engine = state();
    const auto [image, embedding] = inputs_of(info, *engine);
    auto selection = map_selection(object_of(info[2], "the map selection"), engine->config);
    const int64_t timestep = integer_of(info[3], "timestep");
    const auto seed = noise_seed_of(info[4]);
    return engine->worker->submit(
        env, [engine, image = image, embedding = embedding, selection, timestep, seed]() -> Reply {
          RawMaps maps = engine->engine->read_image(image->image, embedding->states, selection, timestep, seed);
          for (auto* levels : {&maps.self, &maps.cross}) {
            for (auto& map : *levels) map = map.defined() ? map.cpu() : map;
          }
          return [maps = std::move(maps)](Napi::Env reply_env) -> Napi::Value {
            const Napi::Object result = Napi::Object::New(reply_env);
            result.Set("self", level_list(reply_env, maps.self));
            result.Set("cross", level_list(reply_env, maps.cross));
            return result;
          };
        });
  });
}

Napi::Value EngineHandle::attend(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto engine = state();
    const auto [image, embedding] = inputs_of(info, *engine);
    const Napi::Object object = object_of(info[2], "the pass");
    AttendOptions options;
    options.selection = map_selection(object_of(object.Get("selection"), "selection"), engine->config);
    options.timestep = integer_of(object.Get("timestep"), "timestep");
    options.noise_seed = noise_seed_of(object.Get("noiseSeed"));
    if (object.Has("frame")) options.frame = integer_of(object.Get("frame"), "frame");
    at::Tensor states = embedding->states;
    if (!object.Get("prompt").IsNull()) {
      const int64_t prompt = integer_of(object.Get("prompt"), "prompt");
      check_shape(prompt >= 0 && prompt < states.size(0), "Expected the index of one of the embedding's prompts");
      states = states.narrow(0, prompt, 1);
    }
    return engine->worker->submit(env, [engine, image = image, states, options = std::move(options)]() -> Reply {
      Attention attention = invseg::attend(*engine->engine, image->image, states, options);
      return [engine, attention = std::move(attention)](Napi::Env reply_env) -> Napi::Value {
        const Napi::Object result = Napi::Object::New(reply_env);
        result.Set("self", MapsHandle::wrap(reply_env, engine, attention.self));
        result.Set("cross", MapsHandle::wrap(reply_env, engine, attention.cross));
        return result;
      };
    });
  });
}

Napi::Value EngineHandle::join(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto engine = state();
    if (!info[0].IsArray() || info[0].As<Napi::Array>().Length() == 0) {
      throw Error("SHAPE_MISMATCH", "Expected an array of maps to join");
    }
    const auto list = info[0].As<Napi::Array>();
    std::vector<at::Tensor> parts;
    for (uint32_t i = 0; i < list.Length(); ++i) {
      const auto& handle = unwrap<MapsHandle>(list.Get(i), Environment::of(env).maps, "maps");
      parts.push_back(same_engine(handle.state(), *engine, "maps")->maps);
      check_shape(
          parts.back().size(0) == parts[0].size(0) && parts.back().size(1) == parts[0].size(1),
          "Expected maps of the same points to join");
    }
    return engine->worker->submit(
        env, [engine, parts = std::move(parts)]() -> Reply { return MapsHandle::reply(engine, at::cat(parts, 2)); });
  });
}

Napi::Value EngineHandle::dispose(const Napi::CallbackInfo& info) {
  return close(info, [](EngineState& engine) {
    // An inversion holds the models too: one that was forgotten must not keep them.
    for (const auto& weak : engine.inversions) {
      if (const auto inversion = weak.lock()) inversion->inversion.reset();
    }
    engine.inversions.clear();
    engine.engine.reset();
  });
}

Napi::Function EngineHandle::define(Napi::Env env) {
  return DefineClass(
      env, "Engine",
      {
          InstanceAccessor("device", &EngineHandle::device, nullptr),
          InstanceAccessor("dtype", &EngineHandle::dtype, nullptr),
          InstanceAccessor("deviceName", &EngineHandle::device_name, nullptr),
          InstanceMethod<&EngineHandle::encode_text>("encodeText"),
          InstanceMethod<&EngineHandle::encode_image>("encodeImage"),
          InstanceMethod<&EngineHandle::create_inversion>("createInversion"),
          InstanceMethod<&EngineHandle::next_together>("nextTogether"),
          InstanceMethod<&EngineHandle::read_maps>("readMaps"),
          InstanceMethod<&EngineHandle::attend>("attend"),
          InstanceMethod<&EngineHandle::join>("join"),
          InstanceMethod<&EngineHandle::dispose>("dispose"),
      });
}

}  // namespace invseg::addon
