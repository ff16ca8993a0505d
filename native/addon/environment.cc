#include "addon/environment.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace invseg::addon {
namespace {

/** How long the end of an environment waits for running jobs: enough for a step of a small model. */
constexpr auto kPatience = std::chrono::milliseconds(500);

/**
 * Ends the process at once, with its exit status, while a worker's thread is in the middle of a pass: the static destructors
 * of LibTorch would pull the ground from under it. Registered when an environment ends and not before: handlers run in
 * reverse order, and LibTorch goes on making static objects as it is used.
 */
#if defined(__GLIBC__)
void leave(int status, void*) {
  if (running_threads() == 0) return;
  std::fflush(nullptr);
  ::_exit(status);
}
void leave_at_exit() { ::on_exit(leave, nullptr); }  // gives the status that atexit does not
#else
void leave() {
  if (running_threads() > 0) ::_exit(EXIT_FAILURE);
}
void leave_at_exit() { std::atexit(leave); }
#endif

}  // namespace

Environment::Environment(Napi::Env env) : mailbox(Mailbox::open(env)) {
  // The end of a worker thread, and the natural end of the main one. Hooks run in reverse order: this one, added after the
  // mailbox's thread-safe function was made, runs before that function's own.
  napi_add_env_cleanup_hook(env, [](void* self) { static_cast<Environment*>(self)->shut_down(); }, this);
  // process.exit() and an uncaught error in the main thread run no hooks.
  const Napi::Value process = env.Global().Get("process");
  const Napi::Value once = process.IsObject() ? process.As<Napi::Object>().Get("once") : env.Undefined();
  if (!once.IsFunction()) return;
  const auto at_exit = [](const Napi::CallbackInfo& info) { Environment::of(info.Env()).shut_down(); };
  once.As<Napi::Function>().Call(
      process, {Napi::String::New(env, "exit"), Napi::Function::New(env, at_exit, "stopEngines")});
}

void Environment::remember(const std::shared_ptr<Worker::Thread>& thread) {
  std::erase_if(threads_, [](const auto& weak) { return weak.expired(); });
  threads_.push_back(thread);
}

void Environment::shut_down() {
  mailbox->close();
  std::vector<std::shared_ptr<Worker::Thread>> live;
  for (const auto& weak : threads_) {
    if (auto thread = weak.lock()) live.push_back(std::move(thread));
  }
  threads_.clear();
  for (const auto& thread : live) thread->stop();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool ended = true;
  for (const auto& thread : live) ended = thread->ends_before(deadline) && ended;
  if (!ended) leave_at_exit();
}

}  // namespace invseg::addon
