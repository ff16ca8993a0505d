#include "core/engine/graphs.h"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include <ATen/record_function.h>

#include "core/engine/stream.h"
#include "core/error.h"

#if __has_include(<ATen/accelerator/Graph.h>)
#include <ATen/DeviceAccelerator.h>
#define INVSEG_ACCELERATOR_GRAPH
#elif defined(INVSEG_CUDA_HEADERS)
#include <ATen/cuda/CUDAGraph.h>
#define INVSEG_CUDA_GRAPH
#endif

namespace invseg {
namespace {

// A capture minds its own thread alone: engines on other threads go on meanwhile.
#if defined(INVSEG_ACCELERATOR_GRAPH)
struct Graph {
  at::accelerator::Graph graph;
  void begin(at::MempoolId_t pool) { graph.capture_begin(pool, at::GraphCaptureMode::ThreadLocal); }
  void end() { graph.capture_end(); }
  void replay() { graph.replay(); }
  at::MempoolId_t pool() { return graph.pool(); }
};
#elif defined(INVSEG_CUDA_GRAPH)
struct Graph {
  at::cuda::CUDAGraph graph;
  void begin(at::MempoolId_t pool) { graph.capture_begin(pool, cudaStreamCaptureModeThreadLocal); }
  void end() { graph.capture_end(); }
  void replay() { graph.replay(); }
  at::MempoolId_t pool() { return graph.pool(); }
};
#else
struct Graph {  // a LibTorch without the one and built without the other
  void begin(at::MempoolId_t) { TORCH_CHECK(false, "this LibTorch captures no graphs"); }
  void end() {}
  void replay() {}
  at::MempoolId_t pool() { return {0, 0}; }
};
#endif

std::string signature(const std::vector<at::Tensor>& inputs) {
  std::string text;
  for (const auto& input : inputs) {
    text += '|';
    if (!input.defined()) continue;
    text += c10::toString(input.scalar_type());
    for (const int64_t size : input.sizes()) text += ',' + std::to_string(size);
  }
  return text;
}

/** Bytes of a storage beside those of the input that lies in it, up to which it is kept alive. */
constexpr size_t kMostBeside = size_t{8} << 20;

/** Copies each tensor of `from` to its fellow of `to`; those of one type are one kernel. */
void copy_all(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  std::map<at::ScalarType, std::pair<std::vector<at::Tensor>, std::vector<at::Tensor>>> by_type;
  for (size_t i = 0; i < to.size(); ++i) {
    auto& [targets, sources] = by_type[to[i].scalar_type()];
    targets.push_back(to[i]);
    sources.push_back(from[i]);
  }
  for (auto& [type, lists] : by_type) {
    if (lists.first.size() == 1) {
      lists.first[0].copy_(lists.second[0], /*non_blocking=*/true);
    } else {
      at::_foreach_copy_(lists.first, lists.second, /*non_blocking=*/true);
    }
  }
}

std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> result, to, from;
  result.reserve(tensors.size());
  for (const auto& tensor : tensors) {
    result.push_back(tensor.defined() ? at::empty_like(tensor) : at::Tensor());
    if (!tensor.defined()) continue;
    to.push_back(result.back());
    from.push_back(tensor);
  }
  copy_all(to, from);
  return result;
}

int64_t defined(const std::vector<at::Tensor>& tensors) {
  return std::count_if(tensors.begin(), tensors.end(), [](const auto& tensor) { return tensor.defined(); });
}

}  // namespace

struct GraphCache::Entry {
  std::string key;
  int64_t runs = 0;
  bool refused = false;
  std::unique_ptr<Graph> graph;
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> outputs;
  /** What was copied into the inputs last: a tensor that nobody has written to since need not be copied again. */
  struct Source {
    at::Tensor tensor;
    uint32_t version = 0;
    bool is(const at::Tensor& other) const {
      return tensor.defined() && tensor.is_same(other) && version == static_cast<uint32_t>(other._version());
    }
  };
  std::vector<Source> sources;
};

GraphCache::GraphCache(at::Device device, size_t capacity)
    : device_(device), capacity_(capacity), enabled_(device.is_cuda()) {}

GraphCache::~GraphCache() = default;

void GraphCache::clear() { entries_.clear(); }

GraphCache::Entry& GraphCache::find(const std::string& key) {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry->key == key; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
  } else {
    auto entry = std::make_unique<Entry>();
    entry->key = key;
    entries_.push_front(std::move(entry));
    if (entries_.size() > capacity_) entries_.pop_back();
  }
  return *entries_.front();
}

bool GraphCache::capture(Entry& entry, const std::vector<at::Tensor>& inputs, const Function& function, bool needed) {
  at::NoGradGuard no_grad;
  std::unique_ptr<Graph> graph;
  // One pool for all: they run one after the other, and what a replay gives is copied out before the next.
  at::MempoolId_t pool{0, 0};
  for (const auto& other : entries_) {
    if (other->graph) pool = other->graph->pool();
  }
  std::optional<std::string> failure;
  std::exception_ptr memory;
  bool begun = false;
  try {
    entry.inputs = copies(inputs);
    // What it took to run it plainly is kept for the next plain run, which is none: a graph has memory of its own.
    release_memory(device_);
    graph = std::make_unique<Graph>();
    graph->begin(pool);
    begun = true;
    entry.outputs = function(entry.inputs);
  } catch (const std::exception& e) {
    failure = e.what();
    if (is_out_of_memory(e)) memory = std::current_exception();
  }
  try {
    if (begun) graph->end();
  } catch (const std::exception& e) {
    if (!failure) failure = e.what();
  }
  if (failure) {
    failure_ = *failure;
    entry.inputs.clear();
    entry.outputs.clear();
    if (memory && !needed) return false;  // the next run tries again
    // The first time whoever runs the job gives up what it can and tries again; after that it runs as it is.
    if (memory && ++out_of_memory_[entry.key] == 1) std::rethrow_exception(memory);
    entry.refused = true;
    return false;
  }
  for (auto& output : entry.outputs) {
    if (output.defined()) output = output.detach();
  }
  entry.graph = std::move(graph);
  ++counts_.captured;
  return true;
}

std::vector<at::Tensor> GraphCache::run_plain(const std::vector<at::Tensor>& inputs, const Function& function) {
  std::vector<at::Tensor> outputs;
  {
    RECORD_USER_SCOPE(kScope);
    outputs = function(inputs);
  }
  ++counts_.plain;
  counts_.carried += defined(inputs) + defined(outputs);
  return outputs;
}

std::vector<at::Tensor> GraphCache::run(
    const std::string& key, const std::vector<at::Tensor>& inputs, const Function& function, When when) {
  if (!enabled_) return run_plain(inputs, function);
  Entry& entry = find(key + signature(inputs));
  if (!entry.graph) {
    const auto failed = out_of_memory_.find(entry.key);
    const bool may = !entry.refused && (failed == out_of_memory_.end() || failed->second < 2);
    const bool first = entry.runs++ == 0;
    if (first) {
      std::vector<at::Tensor> outputs = run_plain(inputs, function);
      if (may && when == When::first_run) capture(entry, inputs, function, /*needed=*/false);
      return outputs;
    }
    if (!may || !capture(entry, inputs, function, /*needed=*/true)) return run_plain(inputs, function);
  }
  at::NoGradGuard no_grad;
  entry.sources.resize(inputs.size());
  std::vector<at::Tensor> to, from;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() || entry.sources[i].is(inputs[i])) continue;
    to.push_back(entry.inputs[i]);
    from.push_back(inputs[i].detach());
    entry.sources[i] = {};
  }
  copy_all(to, from);
  for (size_t i = 0; i < inputs.size(); ++i) {
    // A part of something much larger, such as some of many pictures, is not kept alive for the sake of one copy.
    if (!inputs[i].defined() || inputs[i].storage().nbytes() > inputs[i].nbytes() + kMostBeside) continue;
    entry.sources[i] = {inputs[i], static_cast<uint32_t>(inputs[i]._version())};
  }
  entry.graph->replay();
  ++counts_.replayed;
  counts_.carried += defined(inputs) + defined(entry.outputs);
  return copies(entry.outputs);
}

}  // namespace invseg
