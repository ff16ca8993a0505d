#include <dlfcn.h>

#include "addon/errors.h"
#include "addon/functions.h"
#include "addon/handles.h"
#include "addon/vision_language.h"
#include "core/engine/device.h"

namespace invseg::addon {
namespace {

Napi::Value info(const Napi::CallbackInfo& call) {
  return entry(call.Env(), [&]() -> Napi::Value {
    const RuntimeInfo runtime = runtime_info();
    const Napi::Object object = Napi::Object::New(call.Env());
    object.Set("torch", runtime.torch);
    object.Set("cudaBuild", runtime.cuda_build);
    object.Set("cudaDevices", static_cast<double>(runtime.cuda_devices));
    object.Set("threads", static_cast<double>(runtime.threads));
    return object;
  });
}

Napi::Value probe(const Napi::CallbackInfo& call) {
  const auto& counters = *Environment::of(call.Env()).counters;
  const Napi::Object object = Napi::Object::New(call.Env());
  object.Set("handles", static_cast<double>(counters.handles));
  object.Set("bytes", static_cast<double>(counters.bytes));
  return object;
}

/**
 * Keeps this library mapped until the process ends: Node unmaps the addons of a worker thread with it, and a job whose
 * environment was terminated may still be running this code. Once a process.
 */
void stay_mapped() {
  static const bool once = [] {
    Dl_info self{};
    if (::dladdr(reinterpret_cast<void*>(&stay_mapped), &self) != 0) {
      ::dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    }
    return true;
  }();
  static_cast<void>(once);
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  stay_mapped();
  use_threads(0);  // what the functions on this thread use, whatever an engine sets for its own
  auto* environment = new Environment(env);
  env.SetInstanceData(environment);  // freed with the environment
  environment->engine = Napi::Persistent(EngineHandle::define(env));
  environment->embedding = Napi::Persistent(EmbeddingHandle::define(env));
  environment->image = Napi::Persistent(ImageHandle::define(env));
  environment->inversion = Napi::Persistent(InversionHandle::define(env));
  environment->vision_language = Napi::Persistent(VisionLanguageHandle::define(env));
  environment->maps = Napi::Persistent(MapsHandle::define(env));

  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("info", info);
  add("probe", probe);
  add("openEngine", EngineHandle::open);
  add("openVisionLanguage", VisionLanguageHandle::open);
  add("picturePixels", picture_pixels);
  add("aggregateAttention", aggregate_attention);
  add("refineAttention", refine_attention);
  add("clusterLoss", cluster_loss);
  add("entropyLoss", entropy_loss);
  add("adamStep", adam_step);
  return exports;
}

}  // namespace

NODE_API_MODULE(invseg, initialise)

}  // namespace invseg::addon
