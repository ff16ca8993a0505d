#pragma once

#include <memory>
#include <string>

#include "addon/handles.h"
#include "core/vision_language/captioner.h"
#include "core/vision_language/contrastive.h"

namespace invseg::addon {

struct VisionLanguageState : ModelState {
  VisionLanguageConfig config;
  std::unique_ptr<Contrastive> contrastive;  // both the worker's thread alone
  std::unique_ptr<Captioner> captioner;
};

/** `NativeVisionLanguage` */
class VisionLanguageHandle : public ModelHandle<VisionLanguageHandle, VisionLanguageState> {
 public:
  using ModelHandle::ModelHandle;
  static Napi::Function define(Napi::Env env);
  /** `openVisionLanguage` of the binding. */
  static Napi::Value open(const Napi::CallbackInfo& info);

 private:
  Napi::Value image_embedding(const Napi::CallbackInfo& info);
  Napi::Value image_states(const Napi::CallbackInfo& info);
  Napi::Value text_embeddings(const Napi::CallbackInfo& info);
  Napi::Value text_states(const Napi::CallbackInfo& info);
  Napi::Value word_states(const Napi::CallbackInfo& info);
  Napi::Value captions(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  enum class Texts { kEmbeddings, kStates, kWords };
  Napi::Value read_texts(const Napi::CallbackInfo& info, Texts what);
};

/** `picturePixels` of the binding. */
Napi::Value picture_pixels(const Napi::CallbackInfo& info);

}  // namespace invseg::addon
