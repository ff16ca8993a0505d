#pragma once

#include <napi.h>

/** The paper's functions one by one, synchronous, typed arrays in and out: see `lib/native/binding.ts`. */
namespace invseg::addon {

Napi::Value aggregate_attention(const Napi::CallbackInfo& info);
Napi::Value refine_attention(const Napi::CallbackInfo& info);
Napi::Value cluster_loss(const Napi::CallbackInfo& info);
Napi::Value entropy_loss(const Napi::CallbackInfo& info);
Napi::Value adam_step(const Napi::CallbackInfo& info);

}  // namespace invseg::addon
