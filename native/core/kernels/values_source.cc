#include "core/kernels/program.h"

namespace invseg::kernels {

// TYPE is 0 float, 1 bfloat16, 2 half; no header of CUDA's is needed. EMULATED: in the tests, on a CPU.
const char* values_source() {
  return R"cuda(
#if TYPE == 0
typedef float Value;
#else
typedef unsigned short Value;
#endif
constexpr int kWide = 16 / sizeof(Value);
[[maybe_unused]] constexpr int kThreads = 512;

struct alignas(16) Pack { Value v[kWide]; };

__device__ __forceinline__ float widen(Value x) {
#if TYPE == 0
  return x;
#elif TYPE == 1
  return __uint_as_float(((unsigned)x) << 16);
#elif defined(EMULATED)
  return half_to_float(x);
#else
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
#endif
}

__device__ __forceinline__ Value narrow(float x) {
#if TYPE == 0
  return x;
#elif defined(EMULATED)
  return float_to_value<TYPE>(x);
#elif TYPE == 1
  unsigned short y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
#else
  unsigned short y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
#endif
}

// use(p, load(p)) for p, p + step … below end, kAhead loads under way at once: left to itself the compiler waits for each.
template <int kAhead, class Load, class Use>
__device__ __forceinline__ void in_flight(int p, int end, int step, Load load, Use use) {
  for (; p + (kAhead - 1) * step < end; p += kAhead * step) {
    decltype(load(0)) values[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) values[i] = load(p + i * step);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) use(p + i * step, values[i]);
  }
  // What is left, likewise: beyond the end the last one is loaded again, and not used.
  if (p < end) {
    decltype(load(0)) values[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) values[i] = load(min(p + i * step, end - 1));
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (p + i * step < end) use(p + i * step, values[i]);
    }
  }
}

__device__ __forceinline__ float sigmoid(float x) { return __fdividef(1.0f, 1.0f + __expf(-x)); }
)cuda";
}

std::string value_options(at::ScalarType type) {
  return type == at::kFloat ? "-DTYPE=0" : type == at::kBFloat16 ? "-DTYPE=1" : "-DTYPE=2";
}

}  // namespace invseg::kernels
