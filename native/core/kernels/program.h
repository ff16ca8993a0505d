#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include <torch/script.h>

/**
 * CUDA kernels compiled for the device at run time.
 *
 * The source travels as text; LibTorch's own copy of NVRTC compiles it and the driver loads and launches it. Both are found with
 * dlopen: nobody needs CUDA's headers or nvcc, and a GPU that came after this package was built gets its own code.
 */
namespace invseg::kernels {

/** A kernel that was compiled; valid while the process lives, as modules are never unloaded. */
struct Kernel {
  void* function = nullptr;
  // What a stand-in asks for.
  const char* source = nullptr;
  std::string name;
  at::ScalarType type = at::kFloat;
};

/**
 * The kernel `name` of `source` for values of `type` on `device`, compiled at its first use in this process. Before `source`
 * stands what all share: `Value`, `Pack` (16 bytes of them, `kWide` values), `widen`, `narrow`, `sigmoid`, `kThreads`.
 *
 * @throws Error `INTERNAL` with the compiler's log
 */
Kernel compile(const char* source, const std::string& name, at::ScalarType type, at::Device device);

/**
 * Begins to compile what `compile` will be asked for, on another thread, and does not wait: it takes NVRTC about half a second a
 * source. Nothing without a GPU.
 */
void prepare(const char* source, at::ScalarType type, at::Device device);

/** The most threads of a block. */
inline constexpr int64_t kThreads = 512;

/** Of an H100: a small multiple of it as blocks is about what fills a large GPU. */
inline constexpr int64_t kMultiprocessors = 132;

/** float32, bfloat16 or float16. */
inline bool is_value_type(at::ScalarType type) {
  return type == at::kFloat || type == at::kBFloat16 || type == at::kHalf;
}

/** What all kernels share, and the definitions for a type. */
const char* values_source();
std::string value_options(at::ScalarType type);

/** Whether kernels can be compiled and launched for `device`: a CUDA device whose NVRTC and driver are found, or a stand-in's. */
bool available(at::Device device);

/** Whether NVRTC is found; no device is needed for it. */
bool can_compile();

/** Compiles `source` for an architecture ("sm_90") without a device. @return the compiler's log @throws Error as `compile` */
std::string check(const char* source, at::ScalarType type, const std::string& architecture);

struct Grid {
  int64_t x = 1;
  int64_t y = 1;
};

/** Runs a kernel's source in some other way, for tests on a machine without a GPU; the CPU's tensors then go through kernels. */
using StandIn = std::function<void(const Kernel& kernel, Grid grid, int64_t threads, void* const* arguments)>;
/** From now on `available(at::kCPU)`; an empty one ends it. For tests alone: other threads must not compute meanwhile. */
void set_stand_in(StandIn stand_in);

/** Launches on this thread's stream. `arguments` point to the kernel's parameters. @throws Error `INTERNAL` */
void launch(Kernel kernel, Grid grid, int64_t threads, std::initializer_list<void*> arguments, at::Device device);

}  // namespace invseg::kernels
