#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace invseg {

/** One tensor inside a safetensors file: `NativeModule.weights` of `lib/native/binding.ts`. */
struct TensorSource {
  std::string name;
  std::string file;
  std::string dtype;  ///< "F32", "F16" or "BF16"
  std::vector<int64_t> shape;
  int64_t begin = 0;  ///< absolute byte range in the file
  int64_t end = 0;
};

/** A weightless TorchScript module and the tensors that fill its parameters. */
struct ModuleConfig {
  std::string script;
  std::vector<TensorSource> weights;
  bool copy_weights = false;  ///< read the tensors into memory instead of mapping their files
  std::string code;           ///< bytes of the TorchScript, then `script` is only its name; empty: `script` is read
};

/** An attention layer of the U-Net; layers are listed in the order they run. */
struct LayerConfig {
  std::string name;
  int64_t level = 0;  ///< resolution = latent_size >> level
  int64_t heads = 0;
};

/** Scaled-linear betas: linspace(sqrt(start), sqrt(end), steps)^2. */
struct ScheduleConfig {
  int64_t steps = 1000;
  double beta_start = 0.00085;
  double beta_end = 0.012;
};

/** Everything an engine needs: `NativeEngineConfig` of `lib/native/binding.ts`, field by field. */
struct EngineConfig {
  ModuleConfig text_encoder;
  ModuleConfig vae_encoder;
  ModuleConfig unet;
  std::string device = "auto";  ///< auto | cpu | cuda | cuda:<index>
  std::string dtype = "auto";   ///< auto | float32 | bfloat16 | float16
  int64_t threads = 0;          ///< intra-op threads of the thread that runs the engine; 0 leaves LibTorch's choice
  bool check_finite = true;
  int64_t image_size = 512;
  int64_t latent_size = 64;
  int64_t latent_channels = 4;
  double latent_scale = 0.18215;
  int64_t prompt_length = 77;
  int64_t context_width = 1024;
  int64_t time_width = 320;
  std::vector<LayerConfig> layers;
  ScheduleConfig schedule;

  /** Number of resolution levels: 1 + the highest level of any layer. */
  int64_t levels() const;
  /** The largest head count of any layer. */
  int64_t max_heads() const;
  /** Side of the square maps of `level`: every level halves, rounding up as a stride-2 convolution does. */
  int64_t level_side(int64_t level) const;
};

}  // namespace invseg
