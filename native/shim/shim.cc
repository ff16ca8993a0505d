/**
 * Maps LibTorch's libraries before the addon is loaded, so that one binary without RPATH works wherever LibTorch lies.
 *
 * It must not refer to torch itself: the dynamic linker would look for the libraries before this code could run.
 */
#include <dlfcn.h>
#include <napi.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

#ifdef __APPLE__
constexpr const char* kSuffix = ".dylib";
#else
constexpr const char* kSuffix = ".so";
#endif

struct Library {
  const char* name;
  /** CPU-only builds have no CUDA libraries, and a CUDA one that does not load leaves the CPU usable. */
  bool required;
};

// In the order of their dependencies; the addon itself needs the required ones only.
constexpr Library kLibraries[] = {
    {"libc10", true}, {"libtorch_cpu", true}, {"libc10_cuda", false}, {"libtorch_cuda", false}, {"libtorch", false},
};

/** The error of the dynamic linker, or an empty string. */
std::string map(const std::string& path) {
  // LOCAL: the addon and LibTorch's libraries name what they need and find it by that name; other addons of the
  // process, with a LibTorch or protobuf of their own, must not find this one's symbols. NODELETE: the environment of a
  // worker thread may end and unload the addon while LibTorch's own threads live on.
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) != nullptr) return {};
  const char* error = dlerror();
  return error == nullptr ? "unknown error of the dynamic linker" : error;
}

/** load(folder): the names that were mapped, and the optional ones that exist in `folder` and could not be. */
Napi::Value load(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsString()) {
    throw Napi::TypeError::New(env, "load(folder): expected the path of LibTorch's lib folder");
  }
  const std::string folder = info[0].As<Napi::String>();
  // libgomp reads it when it is loaded; spinning threads are up to ten times slower on a busy machine. Done here because
  // process.env of a worker thread is a copy that no library sees. A value that the user set stays.
  setenv("OMP_WAIT_POLICY", "passive", 0);

  Napi::Array loaded = Napi::Array::New(env);
  Napi::Array failed = Napi::Array::New(env);
  for (const Library& library : kLibraries) {
    const std::string path = folder + "/" + library.name + kSuffix;
    const std::string error = map(path);
    if (error.empty()) {
      loaded[loaded.Length()] = Napi::String::New(env, library.name);
    } else if (library.required) {
      throw Napi::Error::New(env, error);
    } else if (error.find("No such file") == std::string::npos || error.find(path) == std::string::npos) {
      failed[failed.Length()] = Napi::String::New(env, error);
    }
  }
  Napi::Object result = Napi::Object::New(env);
  result["loaded"] = loaded;
  result["failed"] = failed;
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["load"] = Napi::Function::New(env, load, "load");
  return exports;
}

}  // namespace

NODE_API_MODULE(invseg_shim, init)
