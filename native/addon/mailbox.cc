#include "addon/mailbox.h"

#include "addon/errors.h"

namespace invseg::addon {

std::shared_ptr<Mailbox> Mailbox::open(Napi::Env env) {
  auto mailbox = std::make_shared<Mailbox>();
  mailbox->queue_ = Queue::New(env, "invseg-native", /*maxQueueSize=*/0, /*initialThreadCount=*/1, mailbox.get());
  mailbox->queue_.Unref(env);  // an idle engine keeps no process alive
  return mailbox;
}

void Mailbox::expect(Napi::Env env) {
  if (!closed_ && pending_++ == 0) queue_.Ref(env);
}

void Mailbox::deliver(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  if (!closed_ && queue_.NonBlockingCall(job.get()) == napi_ok) static_cast<void>(job.release());
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  queue_.Release();
}

void Mailbox::abandon() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Mailbox::settle(Napi::Env env, Napi::Function, Mailbox* mailbox, Job* data) {
  const std::unique_ptr<Job> job(data);
  if (env == nullptr) return;  // the environment is ending: nobody waits, and the mailbox may be gone
  if (--mailbox->pending_ == 0) mailbox->queue_.Unref(env);
  try {
    job->deferred.Resolve(entry(env, [&]() -> Napi::Value {
      if (job->error) throw Error(*job->error);
      return job->reply(env);
    }));
  } catch (const Napi::Error& error) {
    job->deferred.Reject(error.Value());
  }
}

}  // namespace invseg::addon
