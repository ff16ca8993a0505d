#include <chrono>
#include <cstdio>

#include "harness.h"

int main(int count, char** arguments) {
  // Float32 is float32 on a GPU too, as in the engine.
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  const std::string only = count > 1 ? arguments[1] : "";
  int failed = 0, passed = 0, skipped = 0;
  const auto run = [&](const harness::Test& test, const std::string& device) {
    harness::device() = at::Device(device);
    at::manual_seed(1);  // a test sees the same numbers whatever ran before it
    const std::string name = test.name + (device == "cpu" ? "" : " on " + device);
    const auto start = std::chrono::steady_clock::now();
    std::string outcome = "ok";
    try {
      test.run();
      ++passed;
    } catch (const harness::Skipped& e) {
      outcome = std::string("skipped: ") + e.what();
      ++skipped;
    } catch (const c10::Error& e) {
      outcome = std::string("FAILED ") + e.what_without_backtrace();
      ++failed;
    } catch (const std::exception& e) {
      outcome = std::string("FAILED ") + e.what();
      ++failed;
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%-16s %-52s %6.2f s  %s\n", test.group.c_str(), name.c_str(), seconds, outcome.c_str());
    std::fflush(stdout);
  };
  for (const auto& test : harness::registry()) {
    if (!only.empty() && test.group != only && test.name != only) continue;
    for (const auto& device : harness::devices()) {
      if (device == "cpu" || test.every_device) run(test, device);
    }
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed > 0 || passed + skipped == 0 ? 1 : 0;
}
