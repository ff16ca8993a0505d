#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <napi.h>

#include "core/error.h"

namespace invseg::addon {

/** Makes the JavaScript value of a finished job, on the JavaScript thread. */
using Reply = std::function<Napi::Value(Napi::Env)>;
/** The job itself, on the worker's thread; throws `Error`. */
using Work = std::function<Reply()>;

/**
 * One thread and its queue: every engine has its own, so that a job of seconds never fills libuv's pool.
 *
 * Life cycle. A pending job keeps the event loop and its handle alive. When the environment ends (process.exit, an
 * uncaught error, worker.terminate()) a cleanup hook stops the queue and gives the running job a moment; a longer one goes
 * on by itself, touches JavaScript no more, and ends with the process (see `end_process_while_busy`).
 */
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  /** Starts the thread. Call on the JavaScript thread. */
  static std::shared_ptr<Worker> start(Napi::Env env);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /**
   * Queues a job. `keep` stays referenced until the promise is settled.
   * The promise rejects with `DISPOSED` when the worker was closed.
   */
  Napi::Promise submit(Napi::Env env, Napi::Object keep, Work work);

  /** Rejects what is queued, runs `work` after the running job and ends the thread. */
  Napi::Promise close(Napi::Env env, Napi::Object keep, Work work);

  /** Ends the thread without an answer: the finaliser's way. Call on the JavaScript thread. */
  void abandon();

 private:
  struct Job {
    Job(Napi::Env env, Napi::Object keep, Work body)
        : work(std::move(body)), deferred(Napi::Promise::Deferred::New(env)), keep(Napi::Persistent(keep)) {}
    Work work;
    Reply reply;
    std::optional<Error> error;
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference keep;
    /** Its thread ends after the last job and lets go of the worker, maybe before that job's promise is settled. */
    std::shared_ptr<Worker> worker;
  };

  Worker() = default;
  Napi::Promise queue(Napi::Env env, std::unique_ptr<Job> job, bool last);
  void run();
  void deliver(std::unique_ptr<Job> job);
  void release_function();
  static void drop(std::unique_ptr<Job> job);
  static void settle(napi_env env, napi_value, void* context, void* data);
  static void on_environment_end(void* self);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_;
  bool closed_ = false;            // no further job is taken
  bool stop_ = false;              // the thread ends after the running job
  bool environment_ended_ = false; // JavaScript must not be touched any more
  bool busy_ = false;
  int64_t pending_ = 0;            // jobs whose promise is not settled; the JavaScript thread's
  napi_env env_ = nullptr;
  napi_threadsafe_function function_ = nullptr;
  std::thread thread_;
};

/**
 * Called once a process: when it exits while a job still runs on some worker's thread, ends it at once with its exit
 * status, since LibTorch's static destructors would pull the ground from under that thread.
 */
void end_process_while_busy();

}  // namespace invseg::addon
