#include "core/kernels/program.h"

#include <dlfcn.h>

#include <future>
#include <map>
#include <mutex>
#include <system_error>
#include <tuple>
#include <vector>

#include "core/engine/stream.h"
#include "core/error.h"

namespace invseg::kernels {
namespace {

/** The functions of NVRTC and of the driver that are used here; both libraries' error 0 is success. */
struct Libraries {
  using Program = void*;
  int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*) = nullptr;
  int (*compile)(Program, int, const char* const*) = nullptr;
  int (*destroy)(Program*) = nullptr;
  int (*log_size)(Program, size_t*) = nullptr;
  int (*log)(Program, char*) = nullptr;
  int (*code_size)(Program, size_t*) = nullptr;
  int (*code)(Program, char*) = nullptr;

  int (*device_attribute)(int*, int, int) = nullptr;
  int (*current_context)(void**) = nullptr;
  int (*retain_primary_context)(void**, int) = nullptr;
  int (*set_context)(void*) = nullptr;
  int (*load)(void**, const void*) = nullptr;
  int (*function)(void**, void*, const char*) = nullptr;
  int (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**) =
      nullptr;

  bool compiles = false;
  bool runs = false;
};

const Libraries& libraries() {
  static const Libraries found = [] {
    Libraries l;
    // LibTorch's stub is linked to the NVRTC that it was built with and knows where that lies.
    void* nvrtc = nullptr;
    for (const char* name : {"libcaffe2_nvrtc.so", "libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"}) {
      if (nvrtc == nullptr) nvrtc = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    if (nvrtc == nullptr) {
      // Beside libtorch_cuda, which is mapped by its full path.
      Dl_info info{};
      if (dladdr(reinterpret_cast<void*>(&at::globalContext), &info) != 0 && info.dli_fname != nullptr) {
        const std::string path = info.dli_fname;
        nvrtc = dlopen((path.substr(0, path.rfind('/') + 1) + "libcaffe2_nvrtc.so").c_str(), RTLD_NOW | RTLD_LOCAL);
      }
    }
    const auto take = [](void* library, auto& target, const char* name) {
      if (library != nullptr) target = reinterpret_cast<std::decay_t<decltype(target)>>(dlsym(library, name));
      return target != nullptr;
    };
    l.compiles = take(nvrtc, l.create, "nvrtcCreateProgram") && take(nvrtc, l.compile, "nvrtcCompileProgram") &&
                 take(nvrtc, l.destroy, "nvrtcDestroyProgram") && take(nvrtc, l.log_size, "nvrtcGetProgramLogSize") &&
                 take(nvrtc, l.log, "nvrtcGetProgramLog") && take(nvrtc, l.code_size, "nvrtcGetCUBINSize") &&
                 take(nvrtc, l.code, "nvrtcGetCUBIN");
    void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    l.runs = take(driver, l.device_attribute, "cuDeviceGetAttribute") &&
             take(driver, l.current_context, "cuCtxGetCurrent") &&
             take(driver, l.retain_primary_context, "cuDevicePrimaryCtxRetain") &&
             take(driver, l.set_context, "cuCtxSetCurrent") && take(driver, l.load, "cuModuleLoadData") &&
             take(driver, l.function, "cuModuleGetFunction") && take(driver, l.launch, "cuLaunchKernel");
    return l;
  }();
  return found;
}

std::string log_of(Libraries::Program program) {
  size_t size = 0;
  if (libraries().log_size(program, &size) != 0 || size < 2) return "";
  std::string text(size, '\0');
  libraries().log(program, text.data());
  text.resize(size - 1);
  return text;
}

struct Compiled {
  std::vector<char> code;
  std::string log;
};

Compiled build(const std::string& source, const std::string& options, const std::string& architecture) {
  const auto& l = libraries();
  if (!l.compiles) throw Error("INTERNAL", "NVRTC, which compiles CUDA kernels, was not found beside LibTorch");
  Libraries::Program program = nullptr;
  if (l.create(&program, source.c_str(), "invseg.cu", 0, nullptr, nullptr) != 0) {
    throw Error("INTERNAL", "NVRTC refuses to make a program");
  }
  const std::string target = "-arch=" + architecture;
  std::vector<std::string> words{target, "-std=c++17", "-default-device"};
  for (size_t begin = 0; begin < options.size();) {
    const size_t end = std::min(options.find(' ', begin), options.size());
    if (end > begin) words.push_back(options.substr(begin, end - begin));
    begin = end + 1;
  }
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const auto& word : words) arguments.push_back(word.c_str());
  const int status = l.compile(program, static_cast<int>(arguments.size()), arguments.data());
  Compiled result{{}, log_of(program)};
  size_t size = 0;
  const bool ok = status == 0 && l.code_size(program, &size) == 0 && size > 0;
  if (ok) {
    result.code.resize(size);
    l.code(program, result.code.data());
  }
  l.destroy(&program);
  if (!ok) throw Error("INTERNAL", "A CUDA kernel could not be compiled for " + architecture + ": " + result.log);
  return result;
}

/** What is compiled or being compiled, by source, type and architecture. */
using Built = std::shared_future<Compiled>;
Built built(const char* source, at::ScalarType type, const std::string& architecture) {
  static std::mutex mutex;
  static std::map<std::tuple<const char*, at::ScalarType, std::string>, Built> all;
  const std::lock_guard lock(mutex);
  Built& one = all[{source, type, architecture}];
  if (!one.valid()) {
    const auto work = [source, type, architecture] {
      return build(std::string(values_source()) + source, value_options(type), architecture);
    };
    try {
      one = std::async(std::launch::async, work).share();
    } catch (const std::system_error&) {  // no thread is to be had: whoever asks for it compiles it
      one = std::async(std::launch::deferred, work).share();
    }
  }
  return one;
}

std::string architecture_of(int device) {
  int major = 0, minor = 0;
  constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
  libraries().device_attribute(&major, kMajor, device);
  libraries().device_attribute(&minor, kMinor, device);
  return "sm_" + std::to_string(10 * major + minor);
}

int index_of(at::Device device) { return device.has_index() ? device.index() : 0; }

/**
 * Gives this thread the context that LibTorch works in. LibTorch leaves that to the runtime, at the first call that needs one: a
 * thread of the backward pass whose memory comes from the cache has none yet, and the driver, unlike the runtime, refuses it.
 */
void need_context(int device) {
  const auto& l = libraries();
  void* context = nullptr;
  if (l.current_context(&context) == 0 && context != nullptr) return;
  static std::mutex mutex;
  static std::map<int, void*> primary;  // held while the process lives, as LibTorch does
  const std::lock_guard lock(mutex);
  void*& own = primary[device];
  if ((own == nullptr && l.retain_primary_context(&own, device) != 0) || l.set_context(own) != 0) {
    throw Error("INTERNAL", "The driver gives no context for cuda:" + std::to_string(device));
  }
}

StandIn& stand_in() {
  static StandIn current;
  return current;
}

}  // namespace

bool can_compile() { return libraries().compiles; }

bool available(at::Device device) {
  if (device.is_cpu()) return static_cast<bool>(stand_in());
  return device.is_cuda() && libraries().compiles && libraries().runs;
}

void set_stand_in(StandIn given) { stand_in() = std::move(given); }

std::string check(const char* source, at::ScalarType type, const std::string& architecture) {
  return built(source, type, architecture).get().log;
}

void prepare(const char* source, at::ScalarType type, at::Device device) {
  if (!device.is_cuda() || !available(device)) return;
  built(source, type, architecture_of(index_of(device)));
}

Kernel compile(const char* source, const std::string& name, at::ScalarType type, at::Device device) {
  if (device.is_cpu()) return {nullptr, source, name, type};
  static std::mutex mutex;
  static std::map<std::tuple<const char*, at::ScalarType, int>, void*> modules;
  const int index = index_of(device);
  need_context(index);
  const std::lock_guard lock(mutex);
  void*& module = modules[{source, type, index}];
  const auto& l = libraries();
  if (module == nullptr) {
    const Built code = built(source, type, architecture_of(index));
    if (l.load(&module, code.get().code.data()) != 0)
      throw Error("INTERNAL", "The driver refuses a compiled CUDA kernel");
  }
  Kernel kernel;
  if (l.function(&kernel.function, module, name.c_str()) != 0) {
    throw Error("INTERNAL", "A compiled CUDA kernel is missing: " + name);
  }
  return kernel;
}

void launch(Kernel kernel, Grid grid, int64_t threads, std::initializer_list<void*> arguments, at::Device device) {
  std::vector<void*> list(arguments);
  if (device.is_cpu()) return stand_in()(kernel, grid, threads, list.data());
  need_context(index_of(device));
  const int status = libraries().launch(
      kernel.function, static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), 1, static_cast<unsigned>(threads),
      1, 1, 0, native_stream(device), list.data(), nullptr);
  if (status != 0)
    throw Error("INTERNAL", "A CUDA kernel could not be launched: driver error " + std::to_string(status));
}

}  // namespace invseg::kernels
