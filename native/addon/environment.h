#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <napi.h>

#include "addon/worker.h"

namespace invseg::addon {

/** What handles of one environment own; shared with them, since a handle can be finalised after the environment's data. */
struct Counters {
  std::atomic<int64_t> handles{0};
  std::atomic<int64_t> bytes{0};
};

/**
 * Counts one live handle and its bytes for as long as it exists, and tells V8 of them: to the collector a handle is a
 * few bytes else, and it would let gigabytes of forgotten ones lie. JavaScript thread.
 */
class Tally {
 public:
  Tally(Napi::Env env, std::shared_ptr<Counters> counters, int64_t bytes)
      : env_(env), counters_(std::move(counters)), bytes_(bytes) {
    add(1, bytes_);
  }
  ~Tally() { add(-1, -bytes_); }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

 private:
  void add(int64_t handles, int64_t bytes) {
    counters_->handles += handles;
    counters_->bytes += bytes;
    int64_t total = 0;
    napi_adjust_external_memory(env_, bytes, &total);
  }

  Napi::Env env_;
  std::shared_ptr<Counters> counters_;
  int64_t bytes_;
};

/** The threads of one environment's workers, and their way back to it. */
class Crew {
 public:
  explicit Crew(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  void remember(const std::shared_ptr<Worker::Thread>& thread);
  /** Stops all and waits a moment. @returns whether all have ended */
  bool stop();
  Mailbox& mailbox() { return *mailbox_; }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::weak_ptr<Worker::Thread>> threads_;
};

/** The addon's state in one JavaScript environment (main thread or worker thread); nothing of it is static. */
class Environment {
 public:
  /** Registers itself for the environment's end. */
  explicit Environment(Napi::Env env);

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  /** Notes a worker's thread for `shut_down`. */
  void remember(const std::shared_ptr<Worker::Thread>& thread);

  /**
   * The environment ends: stops every worker and gives running jobs a moment. A longer one goes on by itself, touches
   * JavaScript no more, and ends with its pass or with the process. A second call does nothing.
   */
  void shut_down();

  Napi::FunctionReference engine;
  Napi::FunctionReference embedding;
  Napi::FunctionReference image;
  Napi::FunctionReference inversion;
  Napi::FunctionReference vision_language;
  Napi::FunctionReference maps;
  std::shared_ptr<Counters> counters = std::make_shared<Counters>();
  std::shared_ptr<Mailbox> mailbox;

 private:
  std::shared_ptr<Crew> crew_;
};

}  // namespace invseg::addon
