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

/**
 * Stops the workers of environments whose thread ends without ending them: process.exit(), process.reallyExit() and an
 * uncaught error in the main thread call exit() and run no hooks, and listeners of 'exit' can be removed, or throw
 * before ours is called. Objects of a thread are destroyed before all static ones, so that nothing of LibTorch is gone
 * yet.
 */
struct ThreadEnd {
  std::vector<std::weak_ptr<Crew>> crews;
  ~ThreadEnd() {
    bool ended = true;
    for (const auto& weak : crews) {
      const auto crew = weak.lock();
      if (!crew) continue;
      crew->mailbox().abandon();
      ended = crew->stop() && ended;
    }
    if (!ended) leave_at_exit();
  }
};
thread_local ThreadEnd thread_end;

}  // namespace

void Crew::remember(const std::shared_ptr<Worker::Thread>& thread) {
  std::erase_if(threads_, [](const auto& weak) { return weak.expired(); });
  threads_.push_back(thread);
}

bool Crew::stop() {
  std::vector<std::shared_ptr<Worker::Thread>> live;
  for (const auto& weak : threads_) {
    if (auto thread = weak.lock()) live.push_back(std::move(thread));
  }
  threads_.clear();
  for (const auto& thread : live) thread->stop();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool ended = true;
  for (const auto& thread : live) ended = thread->ends_before(deadline) && ended;
  return ended;
}

Environment::Environment(Napi::Env env) : mailbox(Mailbox::open(env)), crew_(std::make_shared<Crew>(mailbox)) {
  // The end of a worker thread, and the natural end of the main one. Hooks run in reverse order: this one, added after
  // the mailbox's thread-safe function was made, runs before that function's own.
  napi_add_env_cleanup_hook(
      env, [](void* self) { static_cast<Environment*>(self)->shut_down(); }, this);
  std::erase_if(thread_end.crews, [](const auto& weak) { return weak.expired(); });
  thread_end.crews.push_back(crew_);
}

void Environment::remember(const std::shared_ptr<Worker::Thread>& thread) { crew_->remember(thread); }

void Environment::shut_down() {
  mailbox->close();
  if (!crew_->stop()) leave_at_exit();
}

}  // namespace invseg::addon
