#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include <napi.h>

#include "core/error.h"

namespace invseg::addon {

/** Makes the JavaScript value of a finished job, on the JavaScript thread. */
using Reply = std::function<Napi::Value(Napi::Env)>;
/** The job itself, on the worker's thread; throws `Error`. */
using Work = std::function<Reply()>;

/** One promise and what settles it. It refers to no JavaScript object, so any thread may destroy it. */
struct Job {
  Job(Napi::Env env, Work body) : work(std::move(body)), deferred(Napi::Promise::Deferred::New(env)) {}
  Work work;
  Reply reply;
  std::optional<Error> error;
  Napi::Promise::Deferred deferred;
};

/**
 * The way back to one environment (the main thread, or a worker thread): finished jobs of all its workers, settled on its
 * JavaScript thread.
 *
 * One an environment and not one a worker: a worker's thread then holds nothing that an environment's end takes away, and a
 * single cleanup hook closes the way in time.
 */
class Mailbox {
 public:
  /** JavaScript thread. */
  static std::shared_ptr<Mailbox> open(Napi::Env env);

  /** JavaScript thread: a job is queued; the event loop stays alive until it is settled. */
  void expect(Napi::Env env);
  /** Any thread. Once the environment has ended the job is dropped. */
  void deliver(std::unique_ptr<Job> job);
  /** JavaScript thread, when the environment ends; a second call does nothing. */
  void close();
  /** Any thread: like `close`, where the environment can no longer be called. */
  void abandon();
  /** JavaScript thread. */
  bool closed() const { return closed_; }

 private:
  static void settle(Napi::Env env, Napi::Function, Mailbox* mailbox, Job* data);
  using Queue = Napi::TypedThreadSafeFunction<Mailbox, Job, settle>;

  std::mutex mutex_;
  bool closed_ = false;  // written on the JavaScript thread, or at its end
  Queue queue_;
  int64_t pending_ = 0;  // the JavaScript thread's
};

}  // namespace invseg::addon
