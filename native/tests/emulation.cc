#include "emulation.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <tuple>

#include <torch/cuda.h>

#include "core/kernels/program.h"

namespace emulation {
namespace {

using namespace invseg;

// What kernels need of CUDA. A thread of a block is a fiber: it runs until it waits, at a barrier of its block or of its warp.
const char* const kShim = R"shim(
#include <ucontext.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>
#define EMULATED
#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __shared__ static
#define alignas(...)  // weights that are mapped from a file begin anywhere
struct Three { unsigned x = 0, y = 0, z = 0; };
struct float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
static Three threadIdx, blockIdx, blockDim, gridDim;

enum class State { ready, warp, block, done };
struct Fiber { ucontext_t context; std::vector<char> stack; State state; };
static std::vector<Fiber> fibers;
static ucontext_t scheduler;
static void (*body)();
static void enter() { body(); fibers[threadIdx.x].state = State::done; }
static void wait_as(State state) {
  Fiber& own = fibers[threadIdx.x];
  own.state = state;
  swapcontext(&own.context, &scheduler);
}
inline void __syncthreads() { wait_as(State::block); }
inline void __syncwarp(unsigned = 0xffffffffu) { wait_as(State::warp); }
static double slots[1024];
template <class T> T exchange(T value, unsigned from) {
  std::memcpy(&slots[threadIdx.x], &value, sizeof value);
  wait_as(State::warp);
  const unsigned other = (threadIdx.x & ~31u) + (from & 31u);
  T result = value;
  if (other < blockDim.x) std::memcpy(&result, &slots[other], sizeof result);
  wait_as(State::warp);
  return result;
}
template <class T> T __shfl_xor_sync(unsigned, T v, int mask, int = 32) { return exchange(v, (threadIdx.x & 31u) ^ unsigned(mask)); }
template <class T> T __shfl_sync(unsigned, T v, int lane, int = 32) { return exchange(v, unsigned(lane)); }
template <class T> T __shfl_down_sync(unsigned, T v, int by, int = 32) {
  const unsigned lane = threadIdx.x & 31u;
  return exchange(v, lane + unsigned(by) < 32 ? lane + unsigned(by) : lane);
}
static void run_block(unsigned threads) {
  fibers.resize(threads);
  for (Fiber& fiber : fibers) {
    fiber.stack.resize(1 << 16);
    getcontext(&fiber.context);
    fiber.context.uc_stack = {fiber.stack.data(), 0, fiber.stack.size()};
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, enter, 0);
    fiber.state = State::ready;
  }
  for (;;) {
    bool ran = false;
    for (unsigned t = 0; t < threads; ++t) {
      if (fibers[t].state != State::ready) continue;
      threadIdx.x = t;
      swapcontext(&scheduler, &fibers[t].context);
      ran = true;
    }
    bool alive = false, released = false;
    for (unsigned warp = 0; warp < threads; warp += 32) {
      bool all = true, any = false;
      for (unsigned t = warp; t < std::min(threads, warp + 32); ++t) {
        const State state = fibers[t].state;
        alive |= state != State::done;
        any |= state == State::warp;
        all &= state == State::warp || state == State::done;
      }
      if (!any || !all) continue;
      released = true;
      for (unsigned t = warp; t < std::min(threads, warp + 32); ++t) {
        if (fibers[t].state == State::warp) fibers[t].state = State::ready;
      }
    }
    if (!alive) return;
    if (released) continue;
    for (Fiber& fiber : fibers) {
      if (fiber.state == State::warp) { std::fprintf(stderr, "a warp's threads wait at different barriers\n"); std::abort(); }
      if (fiber.state == State::block) { fiber.state = State::ready; released = true; }
    }
    if (!released && !ran) std::abort();
  }
}
template <class... P, std::size_t... I> void call(void (*kernel)(P...), void* const* a, std::index_sequence<I...>) {
  kernel(*static_cast<std::remove_cv_t<P>*>(a[I])...);
}
static void* const* current;
template <auto kernel> struct Invoke;
template <class... P, void (*kernel)(P...)> struct Invoke<kernel> {
  static void run() { call(kernel, current, std::index_sequence_for<P...>{}); }
};

using std::min; using std::max;

inline float __uint_as_float(unsigned x) { float y; std::memcpy(&y, &x, 4); return y; }
inline unsigned __float_as_uint(float x) { unsigned y; std::memcpy(&y, &x, 4); return y; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
template <class T> T __ldg(const T* p) { return *p; }
inline float half_to_float(unsigned short bits) { _Float16 h; std::memcpy(&h, &bits, 2); return static_cast<float>(h); }
template <int type> unsigned short float_to_value(float x) {
  unsigned short bits;
  if (type == 2) { const _Float16 h = static_cast<_Float16>(x); std::memcpy(&bits, &h, 2); return bits; }
  const unsigned wide = __float_as_uint(x);
  if (x != x) return static_cast<unsigned short>((wide >> 16) | 64);
  return static_cast<unsigned short>((wide + 0x7fffu + ((wide >> 16) & 1u)) >> 16);
}
)shim";

std::string compiler() {
  const char* given = std::getenv("CXX");
  return given == nullptr ? "c++" : given;
}

using Run = void (*)(unsigned x, unsigned y, unsigned threads, void* const* arguments);

Run build(const char* source, const std::string& name, at::ScalarType type) {
  std::string text = kShim;
  const std::string options = kernels::value_options(type);  // -DTYPE=0
  text += "#define TYPE " + options.substr(options.find('=') + 1) + "\n" + kernels::values_source() + source;
  text += "\nextern \"C\" void run(unsigned x, unsigned y, unsigned threads, void* const* arguments) {\n";
  text += "  body = &Invoke<&" + name + ">::run;";
  text += R"(
  current = arguments;
  gridDim = {x, y, 1};
  blockDim = {threads, 1, 1};
  for (blockIdx.y = 0; blockIdx.y < y; ++blockIdx.y)
    for (blockIdx.x = 0; blockIdx.x < x; ++blockIdx.x) run_block(threads);
}
)";
  std::string folder = (std::filesystem::temp_directory_path() / "invseg-emulation-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  std::ofstream(folder + "/kernel.cc") << text;
  const std::string command = compiler() + " -std=c++20 -O1 -w -fPIC -shared -o '" + folder + "/kernel.so' '" + folder +
                              "/kernel.cc' 2> '" + folder + "/log'";
  if (std::system(command.c_str()) != 0) {
    std::ifstream log(folder + "/log");
    throw std::runtime_error("a kernel does not compile: " + std::string(std::istreambuf_iterator<char>(log), {}));
  }
  void* library = dlopen((folder + "/kernel.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  std::filesystem::remove_all(folder);
  if (library == nullptr) throw std::runtime_error(dlerror());
  return reinterpret_cast<Run>(dlsym(library, "run"));
}

void launch(const kernels::Kernel& kernel, kernels::Grid grid, int64_t threads, void* const* arguments) {
  static std::map<std::tuple<const char*, std::string, at::ScalarType>, Run> built;
  Run& run = built[{kernel.source, kernel.name, kernel.type}];
  if (run == nullptr) run = build(kernel.source, kernel.name, kernel.type);
  run(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(threads), arguments);
}

}  // namespace

bool possible() {
  static const bool found =
      !torch::cuda::is_available() && std::system((compiler() + " --version > /dev/null 2>&1").c_str()) == 0;
  return found;
}

Emulation::Emulation() { kernels::set_stand_in(&launch); }
Emulation::~Emulation() { kernels::set_stand_in({}); }

}  // namespace emulation
