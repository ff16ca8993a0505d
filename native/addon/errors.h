#pragma once

#include <napi.h>

#include "core/error.h"

namespace invseg::addon {

/** A JavaScript `Error` with the stable `code` of `error`. */
inline Napi::Error to_js(Napi::Env env, const Error& error) {
  Napi::Error result = Napi::Error::New(env, error.what());
  result.Set("code", Napi::String::New(env, error.code()));
  return result;
}

/** Runs the body of a native function; whatever it throws leaves as a JavaScript error with a `code`. */
template <typename F>
auto entry(Napi::Env env, F&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;  // already JavaScript's
  } catch (...) {
    try {
      rethrow_as_error();
    } catch (const Error& error) {
      throw to_js(env, error);
    }
  }
}

}  // namespace invseg::addon
