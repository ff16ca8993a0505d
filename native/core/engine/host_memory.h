#pragma once

#include <cstdint>

namespace invseg {

/**
 * Makes LibTorch keep large blocks of host memory for the next tensor of about their size, as it keeps a GPU's.
 *
 * The C library gives a large block back to the system as soon as a tensor ends, and the system fills every page with zeros when
 * the next one begins: 28 % of the VAE encoder's time. At most 1 GiB is kept, the oldest blocks go first, and an engine without
 * work gives all of it back. Once a process; later calls do nothing.
 */
void keep_host_memory();

/** Gives back what is kept. */
void release_host_memory();

/** Bytes that are kept and belong to no tensor. */
int64_t kept_host_memory();

}  // namespace invseg
