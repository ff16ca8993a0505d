#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace invseg {

/** An error with one of the codes of `lib/errors.ts`. The message says what was expected, what came, what to do. */
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}

  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

/**
 * Called inside a `catch` block: throws the exception in flight as an `Error`.
 *
 * An `Error` passes unchanged. Of the texts of LibTorch and TorchScript, which hold traces and advice, the line that
 * says what happened is kept. A failed allocation, of the host, the device or a library on it, becomes `OUT_OF_MEMORY`;
 * a GPU that the LibTorch has no kernels for `DEVICE_UNAVAILABLE`. Everything else is `INTERNAL`.
 */
[[noreturn]] void rethrow_as_error();

/** Whether an exception says that memory ran out, of the host, the device or a library on it. */
bool is_out_of_memory(const std::exception& e);

/** Runs `f` and lets only `Error` out of it. Every entry point of the addon goes through here. */
template <typename F>
auto guarded(F&& f) -> decltype(f()) {
  try {
    return std::forward<F>(f)();
  } catch (...) {
    rethrow_as_error();
  }
}

/** The first line that is not blank: LibTorch's compiler begins its messages with an empty one. */
std::string first_line(const std::string& text);

/** Throws `SHAPE_MISMATCH` with `message` unless `ok`. */
void check_shape(bool ok, const std::string& message);

}  // namespace invseg
