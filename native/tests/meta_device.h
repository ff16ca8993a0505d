#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/record_function.h>

/** LibTorch's meta device as a GPU without values: what it lacks in C++, and a count of what it was given. */
namespace meta {

/**
 * Gives the meta device the operators that LibTorch leaves to Python. Once a process; later calls do nothing.
 *
 * Convolutions and group norms are shapes. What else has no kernel for shapes is run on the CPU with zeros for values, so that
 * the shape is the one that LibTorch's own kernel gives. A copy to the host, and a value that the host reads, gives zeros and counts as a wait.
 */
void complete();

/** Work that was given to the meta device. A multiplication and an addition are two operations. */
struct Counts {
  double flops = 0;                                ///< of products and convolutions
  int64_t calls = 0;                               ///< of operators by this library, not by another operator
  int64_t captured = 0;                            ///< those of them that a GPU replays in a graph
  int64_t waits = 0;                               ///< for a value on the device
  int64_t copies = 0;                              ///< from the host to the device
  std::vector<std::vector<int64_t>> convolutions;  ///< shapes of their weights, forward and backward
  std::vector<std::string> mixed;                  ///< operators that got tensors of the host beside the device's
};

/** Counts what this thread calls while it lives. One at a time. */
class Counting {
 public:
  Counting();
  ~Counting();
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  const Counts& counts() const;

 private:
  at::CallbackHandle handle_;
};

}  // namespace meta
