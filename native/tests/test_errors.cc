// What LibTorch, TorchScript and CUDA throw, in their own words, as errors with a code; and jobs that run out of
// memory.

#include "core/engine/job.h"
#include "core/error.h"
#include "harness.h"

using namespace invseg;

namespace {

const std::string kTrace =
    "The following operation failed in the TorchScript interpreter.\n"
    "Traceback of TorchScript, serialized code (most recent call last):\n"
    "  File \"code/__torch__/scripts/architectures/unet.py\", line 71, in forward\n"
    "    _16 = (conv_in).forward(latents, )\n"
    "          ~~~~~~~~~~~~~~~~ <--- HERE\n"
    "\n"
    "Traceback of TorchScript, original code (most recent call last):\n"
    "  File \"/usr/lib/python3/torch/nn/modules/conv.py\", line 543, in forward\n"
    "    return self._conv_forward(input, self.weight, self.bias)\n"
    "           ~~~~~~~~~~~~~~~~~~ <--- HERE\n"
    "RuntimeError: ";

const std::string kAdvice =
    "\nCUDA kernel errors might be asynchronously reported at some other API call, so the "
    "stacktrace below might be incorrect.\n"
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n\n";

const std::string kFull =
    "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 7.79 GiB of which 1.12 GiB is free. "
    "If "
    "reserved but unallocated memory is large try setting PYTORCH_ALLOC_CONF=expandable_segments:True to avoid "
    "fragmentation.";

Error caught(const std::function<void()>& run) {
  try {
    guarded(run);
  } catch (const Error& error) {
    return error;
  }
  throw std::runtime_error("nothing was thrown");
}

Error of_script(const std::string& message) {
  return caught([&] { throw std::runtime_error(kTrace + message); });
}

Error of_torch(const std::string& message) {
  return caught([&] { TORCH_CHECK(false, message); });
}

}  // namespace

TEST(of_a_trace_the_message_is_kept) {
  const std::string message = "CUDA error: an illegal memory access was encountered";
  for (const Error& error : {of_script(message + kAdvice), of_torch(message + kAdvice)}) {
    CHECK(error.code() == "INTERNAL");
    CHECK(error.what() == message);
  }
  // An error inside an error: the inner one, which is the last.
  CHECK(of_script("outer\nRuntimeError: inner" + kAdvice).what() == std::string("inner"));
  const Error raised = caught([] {
    throw std::runtime_error(
        "The following operation failed in the TorchScript interpreter.\nTraceback\nAssertionError: 3 views\n");
  });
  CHECK(raised.what() == std::string("AssertionError: 3 views"));
  // A compiler's message, and a trace without a message.
  const Error compiled =
      caught([] { throw std::runtime_error("\nUnknown builtin op: torch.none.\n  x\n  ~ <--- HERE\n"); });
  CHECK(compiled.what() == std::string("Unknown builtin op: torch.none."));
  const Error bare = caught([] {
    throw std::runtime_error(
        "The following operation failed in the TorchScript interpreter.\nTraceback\n    y = f(x)\n        ~ <--- "
        "HERE\n");
  });
  CHECK(bare.what() == std::string("TorchScript failed at y = f(x)"));
}

TEST(memory_that_runs_out_is_known_by_its_texts) {
  for (const std::string& message :
       {kFull, std::string("CUDA error: out of memory"), std::string("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        std::string("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")}) {
    for (const Error& error : {of_script(message + kAdvice), of_torch(message + kAdvice)}) {
      CHECK(error.code() == "OUT_OF_MEMORY");
      CHECK(std::string(error.what()).find(message) != std::string::npos);
      CHECK(std::string(error.what()).find("DSA") == std::string::npos);
      CHECK(std::string(error.what()).find("fewer views") != std::string::npos);
    }
  }
  const Error typed = caught([] { TORCH_CHECK_WITH(OutOfMemoryError, false, "Allocation on device"); });
  CHECK(typed.code() == "OUT_OF_MEMORY");
}

TEST(a_gpu_without_kernels_is_a_device_that_is_not_there) {
  const std::string message = "CUDA error: no kernel image is available for execution on the device";
  for (const Error& error : {of_script(message + kAdvice), of_torch(message + kAdvice)}) {
    CHECK(error.code() == "DEVICE_UNAVAILABLE");
    const std::string text = error.what();
    CHECK(text.find("no kernel image") != std::string::npos && text.find('\n') == std::string::npos);
    CHECK(text.find("compute capability") != std::string::npos || text.find("no GPU") != std::string::npos);
    CHECK(text.find("device cpu") != std::string::npos);
  }
}

TEST(a_job_that_runs_out_of_memory_is_flushed_and_run_once_more) {
  std::vector<std::string> events;
  int failures = 0;
  const DeviceCare care{[&] { events.push_back("wait"); }, [&] { events.push_back("flush"); }};
  const auto work = [&] {
    events.push_back("work");
    if (failures-- > 0) TORCH_CHECK_WITH(OutOfMemoryError, false, kFull);
    return 7;
  };
  const auto run = [&](int times) {
    events.clear();
    failures = times;
    return run_job(work, care);
  };
  using Events = std::vector<std::string>;
  CHECK(run(0) == 7 && events == Events({"work", "wait"}));
  CHECK(run(1) == 7 && events == Events({"work", "flush", "work", "wait"}));
  CHECK_ERROR(run(2), "OUT_OF_MEMORY", "Tried to allocate");
  CHECK(events == Events({"work", "flush", "work", "flush"}));
  CHECK(run(0) == 7);  // the next one works
  // Another error is not tried again, and an error of the wait is the job's.
  int calls = 0;
  CHECK_ERROR(run_job([&]() -> int { throw std::runtime_error(std::to_string(++calls)); }, care), "INTERNAL", "1");
  const DeviceCare failing{[] { throw std::runtime_error("CUDA error: unspecified launch failure"); }, {}};
  CHECK_ERROR(run_job([] { return 0; }, failing), "INTERNAL", "launch failure");
}
