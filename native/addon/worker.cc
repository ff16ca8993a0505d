#include "addon/worker.h"

#include <atomic>
#include <thread>

#include "addon/environment.h"

namespace invseg::addon {
namespace {

std::atomic<int64_t> threads{0};

/** Without a job for so long a thread gives back what it keeps for the next. */
constexpr std::chrono::seconds kPause{2};

Error disposed() { return Error("DISPOSED", "The engine is disposed; open a new one"); }

}  // namespace

int64_t running_threads() { return threads; }

std::shared_ptr<Worker> Worker::start(Napi::Env env) {
  auto& environment = Environment::of(env);
  if (environment.mailbox->closed()) throw Error("DISPOSED", "The process is ending: no engine can be opened");
  std::shared_ptr<Worker> worker(new Worker(environment.mailbox));
  environment.remember(worker->thread_);
  return worker;
}

Worker::Worker(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)), thread_(std::make_shared<Thread>()) {
  std::thread([thread = thread_, box = mailbox_] {
    ++threads;
    thread->run(*box);
    const std::lock_guard lock(thread->mutex);
    --threads;
    thread->finished = true;
    thread->wake.notify_all();
  }).detach();
}

Worker::~Worker() {
  const std::lock_guard lock(thread_->mutex);
  thread_->closed = true;
  thread_->wake.notify_all();
}

Napi::Promise Worker::submit(Napi::Env env, Work work) {
  auto job = std::make_unique<Job>(env, std::move(work));
  const Napi::Promise promise = job->deferred.Promise();
  mailbox_->expect(env);
  {
    const std::lock_guard lock(thread_->mutex);
    if (!thread_->closed) {
      thread_->queue.push_back(std::move(job));
      thread_->wake.notify_all();
      return promise;
    }
  }
  job->error = disposed();
  mailbox_->deliver(std::move(job));
  return promise;
}

Napi::Promise Worker::close(Napi::Env env, Work last) {
  auto job = std::make_unique<Job>(env, std::move(last));
  const Napi::Promise promise = job->deferred.Promise();
  mailbox_->expect(env);
  std::deque<std::unique_ptr<Job>> refused;
  {
    const std::lock_guard lock(thread_->mutex);
    if (thread_->closed) {
      refused.push_back(std::move(job));
    } else {
      refused.swap(thread_->queue);
      thread_->queue.push_back(std::move(job));
      thread_->closed = true;
      thread_->wake.notify_all();
    }
  }
  for (auto& other : refused) {
    other->error = disposed();
    mailbox_->deliver(std::move(other));
  }
  return promise;
}

void Worker::Thread::run(Mailbox& mailbox) {
  for (;;) {
    std::unique_ptr<Job> job;
    std::deque<std::unique_ptr<Job>> dropped;
    {
      std::unique_lock lock(mutex);
      const auto called = [&] { return closed || !queue.empty(); };
      if (!wake.wait_for(lock, kPause, called)) {
        lock.unlock();
        if (care.rest) care.rest();
        lock.lock();
        wake.wait(lock, called);
      }
      if (stopped) dropped.swap(queue);
      if (queue.empty()) return;
      job = std::move(queue.front());
      queue.pop_front();
    }
    try {
      job->reply = run_job(job->work, care);
    } catch (const Error& error) {
      job->error = error;
    }
    job->work = nullptr;  // what the job alone held on to is freed here, not on the JavaScript thread
    mailbox.deliver(std::move(job));
  }
}

void Worker::Thread::stop() {
  const std::lock_guard lock(mutex);
  closed = true;
  stopped = true;
  wake.notify_all();
}

bool Worker::Thread::ends_before(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex);
  return wake.wait_until(lock, deadline, [&] { return finished; });
}

}  // namespace invseg::addon
