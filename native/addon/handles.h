#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <napi.h>

#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/worker.h"
#include "core/engine/device.h"
#include "core/engine/engine.h"
#include "core/engine/stream.h"
#include "core/inversion/inversion.h"

namespace invseg::addon {

struct InversionState;

/** Models and their thread: where they compute and how much they hold. */
struct ModelState {
  std::shared_ptr<Worker> worker;
  std::string device, dtype, device_name;
  int64_t bytes = 0;

  /** Once the models are there. @param modules those that were loaded */
  void describe(const at::Device& on, at::ScalarType type, const std::vector<const ModuleConfig*>& modules);
};

/** An engine; shared by the handles made from it, so that any of them keeps it usable. */
struct EngineState : ModelState {
  std::shared_ptr<Engine> engine;                         // the worker's thread alone
  std::vector<std::weak_ptr<InversionState>> inversions;  // likewise
  EngineConfig config;
};

/** Text states [prompts, K, width] on the engine's device. */
struct EmbeddingState {
  std::shared_ptr<EngineState> engine;
  at::Tensor states;
};

struct ImageState {
  std::shared_ptr<EngineState> engine;
  Image image;
};

struct InversionState {
  std::shared_ptr<EngineState> engine;
  std::unique_ptr<Inversion> inversion;  // the worker's thread alone; empty once the engine was disposed
};

/** Attention maps [B, N, columns] on the engine's device. */
struct MapsState {
  std::shared_ptr<EngineState> engine;
  at::Tensor maps;
};

/** A promise already rejected with what `body` throws, or the promise it returns: asynchronous functions never throw. */
template <typename F>
Napi::Value promised(Napi::Env env, F&& body) {
  const auto reject = [&](const Napi::Error& error) -> Napi::Value {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error.Value());
    return deferred.Promise();
  };
  try {
    return entry(env, body);
  } catch (const Napi::Error& error) {
    return reject(error);
  }
}

/**
 * A JavaScript object that owns a piece of native state until it is disposed or collected.
 *
 * A running job holds the state itself, so `dispose()` never waits for one and never pulls anything from under it.
 */
template <typename Derived, typename State>
class Handle : public Napi::ObjectWrap<Derived> {
 public:
  explicit Handle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Derived>(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) {
      throw Napi::TypeError::New(info.Env(), "This class is made by the engine, not by a constructor call");
    }
    state_ = *info[0].As<Napi::External<std::shared_ptr<State>>>().Data();
  }

  /** Wraps `state` in a new object of the class that `constructor` refers to. */
  static Napi::Object make(
      Napi::Env env, const Napi::FunctionReference& constructor, std::shared_ptr<State> state, int64_t bytes) {
    const auto external = Napi::External<std::shared_ptr<State>>::New(env, &state);
    const Napi::Object object = constructor.New({external});
    Derived::Unwrap(object)->tally_.emplace(env, Environment::of(env).counters, bytes);
    return object;
  }

  /** @throws Error `DISPOSED` */
  const std::shared_ptr<State>& state() const {
    if (!state_) throw Error("DISPOSED", "This handle is disposed");
    return state_;
  }

 protected:
  void release() {
    state_.reset();
    tally_.reset();
  }

  std::shared_ptr<State> state_;
  std::optional<Tally> tally_;
};

/** A handle of models with a thread of their own; its state is a `ModelState` with a `config`. */
template <typename Derived, typename State>
class ModelHandle : public Handle<Derived, State> {
 public:
  using Handle<Derived, State>::Handle;

  Napi::Value device(const Napi::CallbackInfo& info) { return told(info, &State::device); }
  Napi::Value dtype(const Napi::CallbackInfo& info) { return told(info, &State::dtype); }
  Napi::Value device_name(const Napi::CallbackInfo& info) { return told(info, &State::device_name); }

 protected:
  /** Refuses what is queued, and lets `forget` drop the models as the last job. The second call has nothing to do. */
  template <typename F>
  Napi::Value close(const Napi::CallbackInfo& info, F forget) {
    const Napi::Env env = info.Env();
    return promised(env, [&]() -> Napi::Value {
      if (!this->state_) {
        const auto deferred = Napi::Promise::Deferred::New(env);
        deferred.Resolve(env.Undefined());
        return deferred.Promise();
      }
      const auto own = this->state_;
      this->release();
      return own->worker->close(env, [own, forget]() -> Reply {
        forget(*own);
        release_memory(parse_device(own->config.device));
        return [](Napi::Env reply_env) -> Napi::Value { return reply_env.Undefined(); };
      });
    });
  }

 private:
  Napi::Value told(const Napi::CallbackInfo& info, std::string State::*field) {
    return entry(info.Env(), [&] { return Napi::String::New(info.Env(), this->state().get()->*field); });
  }
};

/** `NativeEmbedding` */
class EmbeddingHandle : public Handle<EmbeddingHandle, EmbeddingState> {
 public:
  using Handle::Handle;
  static Napi::Function define(Napi::Env env);

 private:
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value scale(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo&) { release(); }
};

/** `NativeImage` */
class ImageHandle : public Handle<ImageHandle, ImageState> {
 public:
  using Handle::Handle;
  static Napi::Function define(Napi::Env env);

 private:
  Napi::Value latent(const Napi::CallbackInfo& info);
  Napi::Value width(const Napi::CallbackInfo& info);
  Napi::Value height(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo&) { release(); }
};

/** `NativeInversion` */
class InversionHandle : public Handle<InversionHandle, InversionState> {
 public:
  using Handle::Handle;
  static Napi::Function define(Napi::Env env);

 private:
  Napi::Value plan(const Napi::CallbackInfo& info);
  Napi::Value next(const Napi::CallbackInfo& info);
  Napi::Value step(const Napi::CallbackInfo& info);
  Napi::Value predict(const Napi::CallbackInfo& info);
  Napi::Value embedding(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo&) { release(); }
};

/** `NativeMaps`: every operation makes new maps. */
class MapsHandle : public Handle<MapsHandle, MapsState> {
 public:
  using Handle::Handle;
  static Napi::Function define(Napi::Env env);
  /** What makes the JavaScript object of a finished job's maps. */
  static Reply reply(std::shared_ptr<EngineState> engine, at::Tensor maps);
  /** On the JavaScript thread. Null for an undefined tensor. */
  static Napi::Value wrap(Napi::Env env, const std::shared_ptr<EngineState>& engine, const at::Tensor& maps);

 private:
  Napi::Value shape(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value categories(const Napi::CallbackInfo& info);
  Napi::Value merge(const Napi::CallbackInfo& info);
  Napi::Value cluster_means(const Napi::CallbackInfo& info);
  Napi::Value reduce_entropy(const Napi::CallbackInfo& info);
  Napi::Value refine(const Napi::CallbackInfo& info);
  Napi::Value min_max(const Napi::CallbackInfo& info);
  Napi::Value proposals(const Napi::CallbackInfo& info);
  Napi::Value label(const Napi::CallbackInfo& info);
  Napi::Value label_segments(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo&) { release(); }
};

/** `NativeEngine` */
class EngineHandle : public ModelHandle<EngineHandle, EngineState> {
 public:
  using ModelHandle::ModelHandle;
  static Napi::Function define(Napi::Env env);
  /** `openEngine` of the binding. */
  static Napi::Value open(const Napi::CallbackInfo& info);

 private:
  Napi::Value encode_text(const Napi::CallbackInfo& info);
  Napi::Value encode_image(const Napi::CallbackInfo& info);
  Napi::Value create_inversion(const Napi::CallbackInfo& info);
  Napi::Value next_together(const Napi::CallbackInfo& info);
  Napi::Value read_maps(const Napi::CallbackInfo& info);
  Napi::Value attend(const Napi::CallbackInfo& info);
  Napi::Value join(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);
};

/**
 * The handle behind `value`. @throws Error `SHAPE_MISMATCH` when it is no object of `constructor`, `DISPOSED` when it was
 * disposed.
 */
template <typename H>
H& unwrap(const Napi::Value& value, const Napi::FunctionReference& constructor, const char* what) {
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(constructor.Value())) {
    throw Error("SHAPE_MISMATCH", std::string("Expected ") + what + " made by this engine");
  }
  return *H::Unwrap(value.As<Napi::Object>());
}

/** An RGB picture: its bytes, copied, since JavaScript may change its buffer while a job waits. */
struct Picture {
  std::vector<uint8_t> rgb;
  int64_t width, height;
};

/** From three arguments: bytes, width, height. @throws Error `SHAPE_MISMATCH` */
Picture picture_of(const Napi::CallbackInfo& info, size_t first);

/** The state of a handle that belongs to `engine`. @throws Error `SHAPE_MISMATCH` */
template <typename State>
const std::shared_ptr<State>& same_engine(
    const std::shared_ptr<State>& state, const EngineState& engine, const char* what) {
  if (state->engine.get() != &engine) {
    throw Error("SHAPE_MISMATCH", std::string("The ") + what + " was made by another engine");
  }
  return state;
}

}  // namespace invseg::addon
