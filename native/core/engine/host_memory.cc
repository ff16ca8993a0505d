#include "core/engine/host_memory.h"

#include <algorithm>
#include <list>
#include <mutex>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

namespace invseg {
namespace {

/** Smaller blocks are the C library's, which keeps them itself. */
constexpr size_t kSmallest = size_t{1} << 20;
/** What is kept at most. */
constexpr size_t kMost = size_t{1} << 30;
/** Room before a block for its size; the alignment of LibTorch's own allocator. */
constexpr size_t kHead = 64;

struct Block {
  void* start;
  size_t size;  // without the head
};

/** The blocks that nobody uses, the oldest first. */
class Spare {
 public:
  /** The smallest that holds `size` and wastes at most an eighth of it; none: {nullptr, 0}. */
  Block take(size_t size) {
    const std::lock_guard lock(mutex_);
    auto best = blocks_.end();
    for (auto it = blocks_.begin(); it != blocks_.end(); ++it) {
      if (it->size < size || it->size - size > size / 8) continue;
      if (best == blocks_.end() || it->size <= best->size) best = it;
    }
    if (best == blocks_.end()) return {nullptr, 0};
    const Block block = *best;
    blocks_.erase(best);
    bytes_ -= block.size;
    return block;
  }

  void put(Block block) {
    {
      const std::lock_guard lock(mutex_);
      blocks_.push_back(block);
      bytes_ += block.size;
    }
    shrink(kMost);
  }

  /** Frees the oldest until at most `bytes` are kept. */
  void shrink(size_t bytes) {
    std::list<Block> freed;
    {
      const std::lock_guard lock(mutex_);
      while (bytes_ > bytes) {
        bytes_ -= blocks_.front().size;
        freed.splice(freed.end(), blocks_, blocks_.begin());
      }
    }
    for (const Block& block : freed) c10::free_cpu(block.start);
  }

  size_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  std::mutex mutex_;
  std::list<Block> blocks_;
  size_t bytes_ = 0;
};

/** Never destroyed: tensors of static duration are freed after every destructor of ours. */
Spare& spare() {
  static auto* const all = new Spare;
  return *all;
}

Block make(size_t size) {
  try {
    return {c10::alloc_cpu(size + kHead), size};
  } catch (const c10::Error&) {
    spare().shrink(0);
    return {c10::alloc_cpu(size + kHead), size};
  }
}

void free_data(void* data) {
  if (data == nullptr) return;
  void* start = static_cast<char*>(data) - kHead;
  const size_t size = *static_cast<size_t*>(start);
  if (size < kSmallest) {
    c10::free_cpu(start);
  } else {
    spare().put({start, size});
  }
}

struct KeepingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t size) override {
    if (size == 0) return {nullptr, nullptr, &free_data, c10::Device(c10::kCPU)};
    Block block{nullptr, 0};
    if (size >= kSmallest) block = spare().take(size);
    if (block.start == nullptr) block = make(size);
    *static_cast<size_t*>(block.start) = block.size;
    void* data = static_cast<char*>(block.start) + kHead;
    return {data, data, &free_data, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_data; }
  void copy_data(void* to, const void* from, size_t size) const override { default_copy_data(to, from, size); }
};

}  // namespace

void keep_host_memory() {
  static const bool done = [] {
    c10::SetCPUAllocator(new KeepingAllocator, /*priority=*/1);
    return true;
  }();
  (void)done;
}

void release_host_memory() { spare().shrink(0); }

int64_t kept_host_memory() { return static_cast<int64_t>(spare().bytes()); }

}  // namespace invseg
