#pragma once

#include <torch/script.h>

namespace invseg {

/** Tells TorchScript of the operators of this library; needed before a module that uses them is loaded. Safe to call again. */
void register_operators();

/** Begins to compile all kernels of an engine whose networks have values of `type`, while its weights are read. */
void prepare_kernels(at::ScalarType type, at::Device device);

}  // namespace invseg
