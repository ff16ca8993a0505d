#include "addon/vision_language.h"

#include "addon/arrays.h"
#include "addon/options.h"
#include "core/engine/device.h"
#include "core/engine/stream.h"
#include "core/vision_language/picture.h"

namespace invseg::addon {
namespace {

Contrastive& contrastive_of(const VisionLanguageState& state) {
  if (!state.contrastive) throw Error("INVALID_OPTION", "No model of pictures and texts (CLIP) was opened");
  return *state.contrastive;
}

Captioner& captioner_of(const VisionLanguageState& state) {
  if (!state.captioner) throw Error("INVALID_OPTION", "No captioner (BLIP) was opened");
  return *state.captioner;
}

/** A tensor's values as the reply of a job. */
Reply values_reply(const at::Tensor& values) {
  return [host = values.to(at::kCPU, at::kFloat)](Napi::Env env) { return to_array<float>(env, host); };
}

}  // namespace

Napi::Value VisionLanguageHandle::open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    auto state = std::make_shared<VisionLanguageState>();
    state->config = vision_language_config(object_of(info[0], "the models' configuration"));
    state->worker = Worker::start(env);
    return state->worker->submit(env, [state]() -> Reply {
      state->worker->take_care({
          [name = state->config.device] { wait_for(parse_device(name)); },
          [name = state->config.device] { release_memory(parse_device(name)); },
      });
      const VisionLanguageConfig& config = state->config;
      const at::Device device = parse_device(config.device);
      const at::ScalarType dtype = parse_dtype(config.dtype, device);
      use_threads(config.threads);
      WeightFiles files;
      std::vector<const ModuleConfig*> modules;
      if (config.contrastive) {
        modules.insert(modules.end(), {&config.contrastive->image_encoder, &config.contrastive->text_encoder});
        state->contrastive =
            std::make_unique<Contrastive>(*config.contrastive, device, dtype, config.check_finite, files);
      }
      if (config.captioner) {
        modules.insert(modules.end(), {&config.captioner->vision_encoder, &config.captioner->text_decoder});
        state->captioner = std::make_unique<Captioner>(*config.captioner, device, dtype, config.check_finite, files);
      }
      state->describe(device, dtype, modules);
      return [state](Napi::Env reply_env) -> Napi::Value {
        return VisionLanguageHandle::make(reply_env, Environment::of(reply_env).vision_language, state, state->bytes);
      };
    });
  });
}

Napi::Value VisionLanguageHandle::image_embedding(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    return own->worker->submit(env, [own, picture = picture_of(info, 0)]() -> Reply {
      return values_reply(contrastive_of(*own).image(picture.rgb.data(), picture.width, picture.height).second);
    });
  });
}

Napi::Value VisionLanguageHandle::image_states(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    const std::string model = string_of(info[0], "model");
    if (model != "contrastive" && model != "captioner") {
      throw Error("INVALID_OPTION", "Expected contrastive or captioner for model but received " + model);
    }
    return own->worker->submit(env, [own, model, picture = picture_of(info, 1)]() -> Reply {
      const auto& [rgb, width, height] = picture;
      return values_reply(
          model == "captioner" ? captioner_of(*own).image(rgb.data(), width, height)
                               : contrastive_of(*own).image(rgb.data(), width, height).first);
    });
  });
}

Napi::Value VisionLanguageHandle::read_texts(const Napi::CallbackInfo& info, Texts what) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    TokenizedTexts texts;
    texts.ends = copy<int32_t, int64_t>(info[1], "ends");
    check_shape(!texts.ends.empty() && texts.ends.size() <= (1 << 16), "Expected from 1 to 65536 texts");
    texts.length = integer_of(info[2], "length");
    check_shape(texts.length >= 2 && texts.length <= (1 << 12), "Expected a length of 2 to 4096 tokens");
    texts.ids = copy<int32_t, int64_t>(info[0], "ids", static_cast<int64_t>(texts.ends.size()) * texts.length);
    return own->worker->submit(env, [own, what, texts = std::move(texts)]() -> Reply {
      Contrastive& model = contrastive_of(*own);
      if (what == Texts::kWords) return values_reply(model.word_states(texts));
      const auto both = model.texts(texts);
      return values_reply(what == Texts::kStates ? both.first : both.second);
    });
  });
}

Napi::Value VisionLanguageHandle::text_embeddings(const Napi::CallbackInfo& info) {
  return read_texts(info, Texts::kEmbeddings);
}
Napi::Value VisionLanguageHandle::text_states(const Napi::CallbackInfo& info) {
  return read_texts(info, Texts::kStates);
}
Napi::Value VisionLanguageHandle::word_states(const Napi::CallbackInfo& info) {
  return read_texts(info, Texts::kWords);
}

Napi::Value VisionLanguageHandle::captions(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const auto own = state();
    if (!info[3].IsArray()) throw Error("INVALID_OPTION", "Expected an array of Int32Arrays for prompts");
    const auto list = info[3].As<Napi::Array>();
    std::vector<std::vector<int64_t>> prompts;
    for (uint32_t i = 0; i < list.Length(); ++i) prompts.push_back(copy<int32_t, int64_t>(list.Get(i), "prompts"));
    BeamOptions options;
    options.beams = integer_of(info[4], "beams");
    options.max_length = integer_of(info[5], "maxLength");
    check_shape(options.beams <= 64, "Expected at most 64 beams");
    return own->worker->submit(
        env, [own, picture = picture_of(info, 0), prompts = std::move(prompts), options]() -> Reply {
          auto results =
              captioner_of(*own).captions(picture.rgb.data(), picture.width, picture.height, prompts, options);
          return [results = std::move(results)](Napi::Env reply_env) -> Napi::Value {
            const Napi::Array all = Napi::Array::New(reply_env, results.size());
            for (uint32_t i = 0; i < results.size(); ++i) {
              const auto& tokens = results[i].tokens;
              auto ids = Napi::Int32Array::New(reply_env, tokens.size());
              for (size_t t = 0; t < tokens.size(); ++t) ids[t] = static_cast<int32_t>(tokens[t]);
              const Napi::Object caption = Napi::Object::New(reply_env);
              caption.Set("tokens", ids);
              caption.Set("score", results[i].score);
              all.Set(i, caption);
            }
            return all;
          };
        });
  });
}

Napi::Value VisionLanguageHandle::dispose(const Napi::CallbackInfo& info) {
  return close(info, [](VisionLanguageState& own) {
    own.contrastive.reset();
    own.captioner.reset();
  });
}

Napi::Function VisionLanguageHandle::define(Napi::Env env) {
  return DefineClass(
      env, "VisionLanguage",
      {
          InstanceAccessor("device", &VisionLanguageHandle::device, nullptr),
          InstanceAccessor("dtype", &VisionLanguageHandle::dtype, nullptr),
          InstanceAccessor("deviceName", &VisionLanguageHandle::device_name, nullptr),
          InstanceMethod<&VisionLanguageHandle::image_embedding>("imageEmbedding"),
          InstanceMethod<&VisionLanguageHandle::image_states>("imageStates"),
          InstanceMethod<&VisionLanguageHandle::text_embeddings>("textEmbeddings"),
          InstanceMethod<&VisionLanguageHandle::text_states>("textStates"),
          InstanceMethod<&VisionLanguageHandle::word_states>("wordStates"),
          InstanceMethod<&VisionLanguageHandle::captions>("captions"),
          InstanceMethod<&VisionLanguageHandle::dispose>("dispose"),
      });
}

Napi::Value picture_pixels(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return entry(env, [&]() -> Napi::Value {
    const Picture picture = picture_of(info, 0);
    const PictureConfig config = picture_config(object_of(info[3], "the picture's configuration"));
    return to_array<float>(env, invseg::picture_pixels(picture.rgb.data(), picture.width, picture.height, config));
  });
}

}  // namespace invseg::addon
