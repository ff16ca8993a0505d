#pragma once

#include <cmath>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/cuda.h>
#include <torch/script.h>

#include "core/error.h"

/** A test harness that needs nothing but a compiler. `invseg_tests [group]` runs all tests or one source file's. */
namespace harness {

struct Test {
  std::string group, name;
  bool every_device;
  std::function<void()> run;
};

/** Names of the devices that tests run on: the CPU, and a GPU where there is one. */
inline std::vector<std::string> devices() {
  std::vector<std::string> names{"cpu"};
  if (torch::cuda::is_available()) names.push_back("cuda");
  return names;
}

/** The device of the test that runs now; only a TEST_ON_EVERY_DEVICE sees another than the CPU. */
inline at::Device& device() {
  static at::Device current(at::kCPU);
  return current;
}

/** `tensor` on that device. Random ones are made on the CPU first, so that every device sees the same numbers. */
inline at::Tensor on(const at::Tensor& tensor) { return tensor.to(device()); }

inline std::vector<Test>& registry() {
  static std::vector<Test> tests;
  return tests;
}

struct Register {
  Register(const std::string& file, std::string name, bool every_device, std::function<void()> run) {
    const auto slash = file.rfind('/') + 1;  // npos + 1 is 0
    registry().push_back({file.substr(slash, file.rfind('.') - slash), std::move(name), every_device, std::move(run)});
  }
};

/** Thrown by SKIP: the test needs something that is not here. */
struct Skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void check(bool ok, const char* text, const char* file, int line, const std::string& detail = "") {
  if (ok) return;
  std::ostringstream out;
  out << file << ":" << line << ": " << text << (detail.empty() ? "" : " — ") << detail;
  throw std::runtime_error(out.str());
}

inline void check_near(double a, double b, double tolerance, const char* text, const char* file, int line) {
  std::ostringstream detail;
  detail << a << " against " << b << ", tolerance " << tolerance;
  check(std::abs(a - b) <= tolerance, text, file, line, detail.str());
}

/** ‖a − b‖ / ‖b‖ in float64. */
inline double relative(const at::Tensor& a, const at::Tensor& b) {
  const auto wide = [](const at::Tensor& x) { return x.detach().to(at::kCPU, at::kDouble); };
  const double scale = wide(b).norm().item<double>();
  return (wide(a) - wide(b)).norm().item<double>() / (scale == 0 ? 1 : scale);
}

inline void check_error(
    const std::function<void()>& run, const std::string& code, const std::string& text, const char* what,
    const char* file, int line) {
  std::string received = "nothing thrown";
  try {
    invseg::guarded(run);
  } catch (const invseg::Error& e) {
    received = e.code() + ": " + e.what();
    if (e.code() == code && received.find(text) != std::string::npos) return;
  }
  check(false, what, file, line, "expected " + code + " with '" + text + "', received " + received);
}

}  // namespace harness

#define REGISTER_TEST(name, every_device)                                               \
  static void name();                                                                   \
  static const harness::Register register_##name(__FILE__, #name, every_device, &name); \
  static void name()
#define TEST(name) REGISTER_TEST(name, false)
/** A test of operators: runs once a device, with `harness::device()` and `harness::on()`. */
#define TEST_ON_EVERY_DEVICE(name) REGISTER_TEST(name, true)
#undef CHECK  // c10's logging has one that aborts
#define CHECK(condition) harness::check((condition), #condition, __FILE__, __LINE__)
#define CHECK_NEAR(a, b, tolerance) harness::check_near((a), (b), (tolerance), #a " ≈ " #b, __FILE__, __LINE__)
#define CHECK_CLOSE(a, b, tolerance) \
  harness::check_near(               \
      harness::relative((a), (b)), 0, (tolerance), "relative difference of " #a " and " #b, __FILE__, __LINE__)
/** `expression` throws an invseg::Error with this code whose message contains `text`. */
#define CHECK_ERROR(expression, code, text) \
  harness::check_error([&] { expression; }, (code), (text), #expression, __FILE__, __LINE__)
#define SKIP(reason) throw harness::Skipped(reason)
