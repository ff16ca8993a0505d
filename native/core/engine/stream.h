#pragma once

#include <cstdint>

#include <torch/script.h>

/** A device's stream, its end and its memory. On the CPU all of it does nothing, but for `release_memory`. */
namespace invseg {

/**
 * Makes a stream of this thread's own the current one on `device`. The engines of a thread share it; two threads never do.
 * The legacy default stream cannot be captured into a graph and waits for every other.
 */
void use_own_stream(at::Device device);

/** Waits for everything that this thread's stream was given. Errors of kernels appear here, not in a later call. */
void wait_for(at::Device device);

/** Gives the memory that the allocator keeps for later back to the device. */
void release_memory(at::Device device);

/** Bytes taken from the device: by tensors now, and in all at most since `reset_peak_memory`, graphs and spare blocks included. */
struct DeviceMemory {
  int64_t tensors = 0;
  int64_t peak = 0;
};
DeviceMemory device_memory(at::Device device);
void reset_peak_memory(at::Device device);

/** The stream's handle in the driver's terms (a CUstream); null on the CPU. */
void* native_stream(at::Device device);

}  // namespace invseg
