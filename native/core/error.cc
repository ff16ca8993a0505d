#include "core/error.h"

#include <algorithm>
#include <initializer_list>

#include <torch/script.h>

#include "core/engine/device.h"

namespace invseg {
namespace {

bool mentions(const std::string& text, std::initializer_list<const char*> words) {
  const auto found = [&](const char* word) { return text.find(word) != std::string::npos; };
  return std::any_of(words.begin(), words.end(), found);
}

bool mentions_memory(const std::string& text) {
  return mentions(
      text, {"out of memory", "not enough memory", "can't allocate memory", "CUDNN_STATUS_ALLOC_FAILED",
             "CUBLAS_STATUS_ALLOC_FAILED"});
}

std::string without_indent(const std::string& line) {
  const auto begin = line.find_first_not_of(' ');
  return begin == std::string::npos ? "" : line.substr(begin);
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const auto newline = text.rfind('\n');
  const std::string last = newline == std::string::npos ? text : text.substr(newline + 1);
  // The mark below a line of code says nothing without it.
  const bool mark = last.find("<--- HERE") != std::string::npos && newline != std::string::npos;
  return mark ? "TorchScript failed at " + last_line(text.substr(0, newline)) : without_indent(last);
}

/**
 * The line that says what happened. TorchScript writes "The following operation failed…", a trace, and "RuntimeError: "
 * with the message; CUDA adds lines of advice after its own message.
 */
std::string message_of(const std::string& text) {
  const std::string mark = "RuntimeError: ";
  const auto found = text.rfind(mark);
  if (found != std::string::npos) return first_line(text.substr(found + mark.size()));
  return text.rfind("The following operation failed", 0) == 0 ? last_line(text) : first_line(text);
}

[[noreturn]] void throw_memory(const std::string& detail) {
  throw Error(
      "OUT_OF_MEMORY",
      "Not enough memory: use fewer views or a smaller dtype, or close other programs (" + detail + ")");
}

/** @param memory the exception's type says that memory ran out, whatever its text */
[[noreturn]] void throw_message(const std::string& text, bool memory = false) {
  const std::string message = message_of(text);
  if (memory || mentions_memory(message)) throw_memory(message);
  if (mentions(message, {"no kernel image"})) {
    throw Error(
        "DEVICE_UNAVAILABLE", "Expected a LibTorch with kernels for this GPU (" + current_gpu() +
                                  "): install one that was built for it, or use device cpu (" + message + ")");
  }
  throw Error("INTERNAL", message);
}

}  // namespace

void rethrow_as_error() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& e) {
    throw_message(e.what_without_backtrace(), dynamic_cast<const c10::OutOfMemoryError*>(&e) != nullptr);
  } catch (const std::bad_alloc&) {
    throw_memory("std::bad_alloc");
  } catch (const std::exception& e) {
    throw_message(e.what());
  } catch (...) {
    throw Error("INTERNAL", "An exception of an unknown type was thrown");
  }
}

bool is_out_of_memory(const std::exception& e) {
  if (dynamic_cast<const std::bad_alloc*>(&e) != nullptr) return true;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&e) != nullptr) return true;
  const auto* own = dynamic_cast<const c10::Error*>(&e);
  return mentions_memory(message_of(own == nullptr ? e.what() : own->what_without_backtrace()));
}

std::string first_line(const std::string& text) {
  const auto begin = text.find_first_not_of(" \n");
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

void check_shape(bool ok, const std::string& message) {
  if (!ok) throw Error("SHAPE_MISMATCH", message);
}

}  // namespace invseg
