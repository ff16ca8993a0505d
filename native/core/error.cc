#include "core/error.h"

#include <torch/script.h>

namespace invseg {
namespace {

bool mentions_memory(const std::string& text) {
  return text.find("out of memory") != std::string::npos || text.find("not enough memory") != std::string::npos ||
         text.find("can't allocate memory") != std::string::npos;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const auto newline = text.rfind('\n');
  text = newline == std::string::npos ? text : text.substr(newline + 1);
  const std::string prefix = "RuntimeError: ";
  return text.rfind(prefix, 0) == 0 ? text.substr(prefix.size()) : text;
}

[[noreturn]] void throw_memory(const std::string& detail) {
  throw Error(
      "OUT_OF_MEMORY",
      "Not enough memory: use fewer views or a smaller dtype, or close other programs (" + detail + ")");
}

}  // namespace

void rethrow_as_error() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& e) {
    const std::string text = e.what_without_backtrace();
    if (dynamic_cast<const c10::OutOfMemoryError*>(&e) != nullptr || mentions_memory(text)) {
      throw_memory(first_line(text));
    }
    throw Error("INTERNAL", text);
  } catch (const std::bad_alloc&) {
    throw_memory("std::bad_alloc");
  } catch (const std::exception& e) {
    // What a TorchScript module throws: "The following operation failed…", a trace, and the message in the last line.
    const std::string line = last_line(e.what());
    if (mentions_memory(line)) throw_memory(line);
    throw Error("INTERNAL", line);
  } catch (...) {
    throw Error("INTERNAL", "An exception of an unknown type was thrown");
  }
}

void check_shape(bool ok, const std::string& message) {
  if (!ok) throw Error("SHAPE_MISMATCH", message);
}

}  // namespace invseg
