#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/script.h>

namespace invseg {

/**
 * Runs functions of tensors; on CUDA as captured graphs, so that a step of a thousand kernels is one launch.
 *
 * A function is run as it is the first time that its key and its inputs' shapes are seen (which also lets the libraries choose
 * their kernels), captured the second time, and replayed from then on: inputs are copied into the graph's own, and the
 * outputs, which the next replay overwrites, are copied out. On the CPU, and where a capture fails, it is run as it is.
 *
 * A function must read nothing that differs between two calls of one key but its inputs, and must not wait for the device.
 * One thread, the engine's.
 */
class GraphCache {
 public:
  using Function = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

  /** @param capacity graphs that are kept; the one that was used longest ago goes first */
  explicit GraphCache(at::Device device, size_t capacity = 20);
  ~GraphCache();
  GraphCache(const GraphCache&) = delete;
  GraphCache& operator=(const GraphCache&) = delete;

  /** When a function is captured. */
  enum class When { second_run, first_run };

  /**
   * @param key everything that the function's work depends on and that is no input, shapes of the inputs aside
   * @param when `first_run`: captured right after it was run as it is. For what needs the largest blocks of memory: graphs that
   *   are captured later divide them up, while small blocks can never be joined
   */
  std::vector<at::Tensor> run(
      const std::string& key, const std::vector<at::Tensor>& inputs, const Function& function,
      When when = When::second_run);

  /** Drops all graphs and the memory that they hold. What ran out of memory when it was captured is captured once more. */
  void clear();

  /** `false`: everything runs as it is. */
  void set_enabled(bool enabled) { enabled_ = enabled; }
  bool enabled() const { return enabled_; }

  struct Counts {
    int64_t plain = 0;
    int64_t captured = 0;
    int64_t replayed = 0;
    int64_t carried = 0;  ///< tensors that replays copied in and out, or would have where it was run as it is
  };
  /** Name of the user scope (`at::RecordFunction`) around a function that is run as it is: what a graph would hold. */
  static constexpr const char* kScope = "invseg::graph";
  const Counts& counts() const { return counts_; }
  /** Keys and shapes that are known: a graph each, at most. */
  size_t size() const { return entries_.size(); }
  /** Why the last capture failed; empty where none did. */
  const std::string& failure() const { return failure_; }

 private:
  struct Entry;
  Entry& find(const std::string& key);
  /** @param needed whether somebody waits for the outputs: then memory that runs out is an error once, and may be flushed */
  bool capture(Entry& entry, const std::vector<at::Tensor>& inputs, const Function& function, bool needed);
  std::vector<at::Tensor> run_plain(const std::vector<at::Tensor>& inputs, const Function& function);

  at::Device device_;
  size_t capacity_;
  bool enabled_;
  std::list<std::unique_ptr<Entry>> entries_;  // the most recently used first
  std::map<std::string, int> out_of_memory_;   // captures that failed so, by key; outlives the entries
  Counts counts_;
  std::string failure_;
};

}  // namespace invseg
