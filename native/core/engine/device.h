#pragma once

#include <string>

#include <torch/script.h>

namespace invseg {

/** What `NativeBinding.info()` returns. */
struct RuntimeInfo {
  std::string torch;  ///< version of the LibTorch that is loaded
  bool cuda_build = false;
  int64_t cuda_devices = 0;
  int64_t threads = 0;
};

RuntimeInfo runtime_info();

/**
 * `auto` (the first CUDA device where there is one, else the CPU), `cpu`, `cuda` or `cuda:<index>`; or LibTorch's `meta`, which
 * has shapes and no values, for tests and counts.
 * @throws Error `DEVICE_UNAVAILABLE` when the device is not there or the build has no CUDA.
 */
at::Device parse_device(const std::string& name);

/** `auto` (float16 on CUDA, float32 on the CPU), `float32`, `bfloat16` or `float16`. @throws Error `INVALID_OPTION` */
at::ScalarType parse_dtype(const std::string& name, const at::Device& device);

/**
 * Float32 is float32 (no TF32), and convolutions try their kernels once for each shape.
 * Settings of the process; the same for every engine.
 */
void set_precision(const at::Device& device);

/** "float32", "bfloat16" or "float16". */
std::string dtype_name(at::ScalarType dtype);

/** The model name of the processor or GPU, for reports; "unknown" where the system does not tell. */
std::string device_name(const at::Device& device);

/** The GPU that this thread uses, as "NVIDIA H100, compute capability 9.0"; "no GPU" where there is none. */
std::string current_gpu();

/**
 * Gives the calling thread `threads` of LibTorch's intra-op threads, 0: as many as LibTorch chose when the process
 * began.
 *
 * LibTorch's own setting is a thread's and the default of every thread that comes later: each thread of ours sets it,
 * so that one engine's choice does not become the next one's.
 */
void use_threads(int64_t threads);

}  // namespace invseg
