#include "core/engine/stream.h"

#include <map>

#include <ATen/DeviceAccelerator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "core/engine/host_memory.h"

#ifdef INVSEG_CUDA_HEADERS
#include <c10/cuda/CUDAStream.h>
#endif

namespace invseg {
namespace {

c10::impl::VirtualGuardImpl guard_of(at::Device device) { return c10::impl::VirtualGuardImpl(device.type()); }

at::Device with_index(at::Device device) {
  return device.has_index() ? device : at::Device(device.type(), guard_of(device).getDevice().index());
}

/** The CPU has no stream, and the meta device nothing at all. */
bool has_stream(at::Device device) { return !device.is_cpu() && !device.is_meta(); }

}  // namespace

void use_own_stream(at::Device device) {
  if (!has_stream(device)) return;
  thread_local std::map<c10::DeviceIndex, c10::Stream> streams;
  const at::Device own = with_index(device);
  const auto guard = guard_of(own);
  guard.setDevice(own);
  auto found = streams.find(own.index());
  if (found == streams.end()) {
    guard.synchronizeDevice(own.index());
    found = streams.emplace(own.index(), guard.getStreamFromGlobalPool(own)).first;
  }
  guard.exchangeStream(found->second);
}

void wait_for(at::Device device) {
  if (!has_stream(device)) return;
  const at::Device own = with_index(device);
  const auto guard = guard_of(own);
  guard.synchronizeStream(guard.getStream(own));
}

void release_memory(at::Device device) {
  if (device.is_cpu()) {
    release_host_memory();
  } else if (has_stream(device)) {
    at::getDeviceAllocator(device.type())->emptyCache();
  }
}

DeviceMemory device_memory(at::Device device) {
  if (!has_stream(device)) return {};
  const auto stats = at::getDeviceAllocator(device.type())->getDeviceStats(with_index(device).index());
  // 0: small and large blocks together. What a graph holds belongs to no tensor between its replays, but it is reserved.
  return {stats.allocated_bytes[0].current, stats.reserved_bytes[0].peak};
}

void reset_peak_memory(at::Device device) {
  if (has_stream(device)) at::getDeviceAllocator(device.type())->resetPeakStats(with_index(device).index());
}

void* native_stream(at::Device device) {
  if (!has_stream(device)) return nullptr;
  const at::Device own = with_index(device);
#ifdef INVSEG_CUDA_HEADERS
  return c10::cuda::getCurrentCUDAStream(own.index()).stream();
#else
  return guard_of(own).getStream(own).native_handle();
#endif
}

}  // namespace invseg
