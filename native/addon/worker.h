#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include <napi.h>

#include "addon/mailbox.h"
#include "core/engine/job.h"

namespace invseg::addon {

/**
 * One thread and its queue: every engine has its own, so that a job of seconds never fills libuv's pool.
 *
 * Held by shared_ptr by everything that may still want work done: handles and queued jobs. When the last of them is gone the
 * thread ends. Nobody joins it: a pass can take a minute, and neither a garbage collection nor the end of a process can wait
 * for that. What the thread itself needs is in `Thread`, which it shares.
 */
class Worker {
 public:
  /** Starts the thread. JavaScript thread. @throws Error `DISPOSED` when the environment is ending */
  static std::shared_ptr<Worker> start(Napi::Env env);
  /** Any thread, the worker's own too; does not wait. */
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /** Queues a job. The promise rejects with `DISPOSED` when the worker was closed. JavaScript thread. */
  Napi::Promise submit(Napi::Env env, Work work);

  /** Rejects what is queued, runs `last` after the running job and ends the thread. JavaScript thread. */
  Napi::Promise close(Napi::Env env, Work last);

  /** How the jobs of this worker get along with their device. Called inside a job, for the jobs from this one on. */
  void take_care(DeviceCare care) { thread_->care = std::move(care); }

  struct Thread {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::unique_ptr<Job>> queue;
    bool closed = false;    // no further job is taken; the thread ends when the queue is empty
    bool stopped = false;   // the environment is ending: what is queued is dropped
    bool finished = false;  // the thread touches nothing any more
    DeviceCare care;        // the thread's own

    void run(Mailbox& mailbox);
    void stop();
    /** Whether the thread has ended, or does so before `deadline`. */
    bool ends_before(std::chrono::steady_clock::time_point deadline);
  };

 private:
  explicit Worker(std::shared_ptr<Mailbox> mailbox);

  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Thread> thread_;
};

/** Threads of all workers of this process that have not ended, those too whose environment has. */
int64_t running_threads();

}  // namespace invseg::addon
