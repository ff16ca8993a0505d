#include "addon/worker.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "addon/errors.h"

namespace invseg::addon {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(700);

/** Jobs that run now, in all environments: the process's exit must know of those whose environment is gone. */
std::atomic<int>& running_jobs() {
  static std::atomic<int> count{0};
  return count;
}

struct Running {
  Running() { running_jobs() += 1; }
  ~Running() { running_jobs() -= 1; }
};

#if defined(__GLIBC__)
void leave(int status, void*) {
  if (running_jobs() > 0) ::_exit(status);
}
#else
void leave() {
  if (running_jobs() > 0) ::_exit(EXIT_FAILURE);
}
#endif

}  // namespace

void end_process_while_busy() {
#if defined(__GLIBC__)
  ::on_exit(leave, nullptr);  // gives the status that atexit does not
#else
  std::atexit(leave);
#endif
}

std::shared_ptr<Worker> Worker::start(Napi::Env env) {
  std::shared_ptr<Worker> worker(new Worker());
  worker->env_ = env;
  const napi_status status = napi_create_threadsafe_function(
      env, nullptr, nullptr, Napi::String::New(env, "invseg-native"), 0, 1, nullptr, nullptr, worker.get(), settle,
      &worker->function_);
  if (status != napi_ok) throw Error("INTERNAL", "Could not make the engine's thread-safe function");
  napi_unref_threadsafe_function(env, worker->function_);  // only a pending job keeps the process alive
  // Hooks run in reverse order: this one, made after the function, runs before the function's own.
  napi_add_env_cleanup_hook(env, on_environment_end, worker.get());
  // The thread owns the worker until it ends, whoever else has let go of it.
  worker->thread_ = std::thread([worker] { worker->run(); });
  return worker;
}

Worker::~Worker() {
  if (thread_.joinable()) thread_.detach();  // the last owner can be the thread itself
}

Napi::Promise Worker::submit(Napi::Env env, Napi::Object keep, Work work) {
  return queue(env, std::make_unique<Job>(env, keep, std::move(work)), false);
}

Napi::Promise Worker::close(Napi::Env env, Napi::Object keep, Work work) {
  return queue(env, std::make_unique<Job>(env, keep, std::move(work)), true);
}

Napi::Promise Worker::queue(Napi::Env env, std::unique_ptr<Job> job, bool last) {
  const Napi::Promise promise = job->deferred.Promise();
  job->worker = shared_from_this();
  std::deque<std::unique_ptr<Job>> refused;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) {
      refused.push_back(std::move(job));
    } else {
      if (last) {
        closed_ = true;
        stop_ = true;
        refused.swap(queue_);
      }
      queue_.push_back(std::move(job));
      if (pending_++ == 0) napi_ref_threadsafe_function(env, function_);
      pending_ -= static_cast<int64_t>(refused.size());
    }
  }
  wake_.notify_one();
  for (auto& other : refused) {
    other->deferred.Reject(to_js(env, Error("DISPOSED", "The engine is disposed; open a new one")).Value());
  }
  return promise;
}

void Worker::abandon() {
  bool ended;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    stop_ = true;
    ended = environment_ended_;
  }
  wake_.notify_one();
  if (!ended) release_function();
}

void Worker::release_function() {
  napi_remove_env_cleanup_hook(env_, on_environment_end, this);
  const std::lock_guard lock(mutex_);
  environment_ended_ = true;
  napi_release_threadsafe_function(function_, napi_tsfn_release);
}

void Worker::run() {
  for (;;) {
    std::unique_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
      if (environment_ended_) {
        drop(std::move(job));
        continue;
      }
      busy_ = true;
    }
    {
      const Running running;
      try {
        job->reply = guarded(job->work);
      } catch (const Error& error) {
        job->error = error;
      }
      job->work = nullptr;  // what the job held on to is freed here, not on the JavaScript thread
    }
    deliver(std::move(job));
  }
}

void Worker::deliver(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  busy_ = false;
  wake_.notify_all();
  if (environment_ended_) {
    drop(std::move(job));
    return;
  }
  Job* data = job.release();
  if (napi_call_threadsafe_function(function_, data, napi_tsfn_nonblocking) != napi_ok) {
    drop(std::unique_ptr<Job>(data));
  }
}

void Worker::drop(std::unique_ptr<Job> job) {
  job->keep.SuppressDestruct();  // its environment is gone, or this is not its thread
}

void Worker::settle(napi_env raw, napi_value, void*, void* data) {
  std::unique_ptr<Job> job(static_cast<Job*>(data));
  if (raw == nullptr) {
    drop(std::move(job));
    return;
  }
  const std::shared_ptr<Worker> worker = job->worker;
  const Napi::Env env(raw);
  const Napi::HandleScope scope(env);
  const auto reject = [&](const Error& error) { job->deferred.Reject(to_js(env, error).Value()); };
  if (job->error) {
    reject(*job->error);
  } else {
    try {
      job->deferred.Resolve(job->reply(env));
    } catch (const Napi::Error& error) {
      job->deferred.Reject(error.Value());
    } catch (const std::exception& error) {
      reject(Error("INTERNAL", error.what()));
    }
  }
  if (--worker->pending_ == 0) napi_unref_threadsafe_function(raw, worker->function_);
  bool finished;
  {
    const std::lock_guard lock(worker->mutex_);
    finished = worker->closed_ && worker->pending_ == 0 && !worker->environment_ended_;
  }
  if (finished) worker->release_function();
}

void Worker::on_environment_end(void* self) {
  const std::shared_ptr<Worker> worker = static_cast<Worker*>(self)->weak_from_this().lock();
  if (!worker) return;
  std::unique_lock lock(worker->mutex_);
  worker->closed_ = true;
  worker->stop_ = true;
  worker->environment_ended_ = true;
  worker->wake_.notify_all();
  worker->wake_.wait_for(lock, kPatience, [&] { return !worker->busy_; });
}

}  // namespace invseg::addon
