#include "core/engine/device.h"

#include <dlfcn.h>

#include <fstream>

#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include "core/error.h"

namespace invseg {
namespace {

/** Whether LibTorch's CUDA half is mapped; the addon itself does not link to it. */
bool cuda_library_loaded() {
  void* handle = dlopen("libtorch_cuda.so", RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  dlclose(handle);
  return true;
}

int64_t cuda_devices() { return cuda_library_loaded() ? static_cast<int64_t>(torch::cuda::device_count()) : 0; }

/** What the driver knows of a GPU, asked without CUDA's headers, so that one source builds with any LibTorch. */
struct Gpu {
  std::string name = "unknown";
  int major = 0;
  int minor = 0;
};

Gpu ask_driver(int index) {
  Gpu gpu;
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY);
  if (driver == nullptr) return gpu;
  using Get = int (*)(int*, int);
  using GetName = int (*)(char*, int, int);
  using GetAttribute = int (*)(int*, int, int);
  const auto get = reinterpret_cast<Get>(dlsym(driver, "cuDeviceGet"));
  const auto get_name = reinterpret_cast<GetName>(dlsym(driver, "cuDeviceGetName"));
  const auto get_attribute = reinterpret_cast<GetAttribute>(dlsym(driver, "cuDeviceGetAttribute"));
  char name[256] = "unknown";
  int handle = 0;
  if (get != nullptr && get(&handle, index) == 0) {
    if (get_name != nullptr && get_name(name, sizeof name, handle) == 0) gpu.name = name;
    constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
    if (get_attribute != nullptr) {
      get_attribute(&gpu.major, kMajor, handle);
      get_attribute(&gpu.minor, kMinor, handle);
    }
  }
  dlclose(driver);
  return gpu;
}

}  // namespace

RuntimeInfo runtime_info() { return {TORCH_VERSION, cuda_library_loaded(), cuda_devices(), at::get_num_threads()}; }

at::Device parse_device(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  if (name == "meta") return at::Device(at::kMeta);
  const int64_t count = cuda_devices();
  if (name == "auto") return count > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  int64_t index = -1;
  if (name == "cuda") index = 0;
  if (name.rfind("cuda:", 0) == 0 && name.size() > 5 && name.size() <= 8 &&
      name.find_first_not_of("0123456789", 5) == std::string::npos) {
    index = std::stoll(name.substr(5));
  }
  if (index < 0)
    throw Error("INVALID_OPTION", "Expected auto, cpu, cuda or cuda:<index> for device but received " + name);
  if (index >= count) {
    const std::string found = !cuda_library_loaded() ? "this LibTorch is built without CUDA"
                              : count == 0           ? "LibTorch sees no CUDA device"
                                                     : "LibTorch sees " + std::to_string(count) + " CUDA device(s)";
    throw Error("DEVICE_UNAVAILABLE", "Device " + name + " is not available: " + found + "; use device cpu or auto");
  }
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

at::ScalarType parse_dtype(const std::string& name, const at::Device& device) {
  if (name == "auto") return device.is_cuda() ? at::kHalf : at::kFloat;
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  throw Error("INVALID_OPTION", "Expected auto, float32, bfloat16 or float16 for dtype but received " + name);
}

void set_precision(const at::Device& device) {
  if (!device.is_cuda()) return;
  auto& context = at::globalContext();
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setBenchmarkCuDNN(true);
}

std::string dtype_name(at::ScalarType dtype) {
  switch (dtype) {
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    default:
      return "float32";
  }
}

std::string device_name(const at::Device& device) {
  if (device.is_cuda()) return ask_driver(device.has_index() ? device.index() : 0).name;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string current_gpu() {
  if (cuda_devices() == 0) return "no GPU";
  const Gpu gpu = ask_driver(c10::impl::VirtualGuardImpl(at::kCUDA).getDevice().index());
  if (gpu.major == 0) return gpu.name + " of unknown compute capability";
  return gpu.name + ", compute capability " + std::to_string(gpu.major) + "." + std::to_string(gpu.minor);
}

void use_threads(int64_t threads) {
  static const int standard = at::get_num_threads();  // before anything was set
  at::set_num_threads(threads > 0 ? static_cast<int>(threads) : standard);
}

}  // namespace invseg
