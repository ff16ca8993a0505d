#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "core/error.h"

namespace invseg {

/** How a thread of work gets along with the device that it uses. */
struct DeviceCare {
  /** Waits for the device, so that an error of a kernel is the error of the job that started it. */
  std::function<void()> wait;
  /** Gives up all memory that can be made again, such as captured graphs. */
  std::function<void()> flush;
  /** Gives back what is kept for the next job, where none has come for a while. */
  std::function<void()> rest = {};
};

/**
 * Runs one job, waits for the device, and lets only `Error` out. Where memory runs out it is flushed and the job is run
 * once more; if that fails too it is flushed again, so that a smaller job can follow.
 *
 * @param work gives what the job gives; may run twice, so that what it changes it must change at its end
 */
template <typename F>
auto run_job(F&& work, const DeviceCare& care) -> decltype(work()) {
  std::optional<Error> full;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      return guarded([&] {
        auto result = work();
        if (care.wait) care.wait();
        return result;
      });
    } catch (const Error& error) {
      if (error.code() != "OUT_OF_MEMORY") throw;
      full = error;
    }
    // Outside of the catch block: by now the attempt's tensors are gone.
    if (care.flush) guarded(care.flush);
  }
  throw Error(*full);
}

}  // namespace invseg
