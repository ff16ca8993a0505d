#pragma once

#include <string>

/**
 * CUDA kernels on the CPU: the source of a kernel is compiled by the C++ compiler of this machine, with what it needs of CUDA
 * defined, and a block's threads take turns on one. Slow and exact: for the logic of kernels where no GPU is at hand, with
 * barriers, shuffles and shared memory, but without instructions in PTX.
 */
namespace emulation {

/** Whether a C++ compiler is found (`CXX`, or `c++`) and no GPU, which the same tests run on in less time. */
bool possible();

/** While one of these lives, the CPU's tensors go through the kernels. */
class Emulation {
 public:
  Emulation();
  ~Emulation();
  Emulation(const Emulation&) = delete;
  Emulation& operator=(const Emulation&) = delete;
};

}  // namespace emulation
