#pragma once

#include <string>

#include "core/engine/config.h"

namespace bench {

/**
 * Stable Diffusion 2.1's sizes with the weights of `folder`, which scripts/gpu/weights.py made: safetensors files and an index of
 * lines `module, tensor, file, type, shape, begin, end` separated by tabs. `scripts` holds the TorchScript.
 */
invseg::EngineConfig stable_diffusion(const std::string& folder, const std::string& scripts);

}  // namespace bench
