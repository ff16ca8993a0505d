#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/loss/cluster.h"
#include "measures.h"

using namespace invseg;

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

/** Peak resident memory in MiB since the last reset. */
double resident(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field, 0) == 0) return std::stod(line.substr(std::string(field).size() + 1)) / 1024;
  }
  return 0;
}

}  // namespace

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(at), high = std::min(low + 1, values.size() - 1);
  return values[low] + (at - static_cast<double>(low)) * (values[high] - values[low]);
}

int time_loss(int64_t points, int64_t categories) {
  at::set_num_threads(1);
  at::manual_seed(1);
  const at::Tensor p = (at::randn({1, points, points}) * 2).softmax(2), m = at::rand({1, points, categories});
  const auto measure = [&](const char* name,
                           const std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>& loss) {
    std::vector<double> times;
    double peak = 0, value = 0;
    at::Tensor gradient;
    for (int i = 0; i < (points <= 1024 ? 30 : 3); ++i) {
      gradient = at::Tensor();
      const at::Tensor own = p.detach().requires_grad_(), maps = m.detach().requires_grad_();
      std::ofstream("/proc/self/clear_refs") << "5";
      const double before = resident("VmRSS:");
      const auto start = Clock::now();
      const at::Tensor result = loss(own, maps);
      gradient = torch::autograd::grad({result}, {own, maps})[0];
      times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      value = result.item<double>();
      peak = std::max(peak, resident("VmHWM:") - before);
    }
    const double matrix = static_cast<double>(points * points * 4) / (1 << 20);
    std::printf(
        "%-12s %8.1f ms, %.2f matrices of N x N beyond the input, loss %.7f\n", name, quantile(times, 0.5),
        peak / matrix, value);
    return std::pair{quantile(times, 0.5), gradient};
  };
  const auto [ours, gradient] = measure(
      "this library", [](const at::Tensor& a, const at::Tensor& b) { return cluster_loss(a, b, {}).loss.sum(); });
  const auto [theirs, wanted] = measure("S built", [](const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor log = (a + kLogEps).log(), own = (a * log).sum(2);
    const at::Tensor cross = a.matmul(log.transpose(1, 2));
    const at::Tensor distances = own.unsqueeze(2) + own.unsqueeze(1) - cross - cross.transpose(1, 2);
    const at::Tensor anchors = at::sigmoid(4.0 * (b - 0.5));
    const at::Tensor pairs =
        anchors.transpose(1, 2).matmul(distances).matmul(b) / anchors.sum(1).unsqueeze(2).matmul(b.sum(1).unsqueeze(1));
    const auto count = static_cast<double>(b.size(2));
    return pairs.diagonal(0, 1, 2).sum() / count - 2.0 / (count * (count - 1)) * pairs.tril(-1).sum();
  });
  std::printf(
      "%.1f times as fast; gradients differ by %.1e\n", theirs / ours,
      ((gradient - wanted).norm() / wanted.norm()).item<double>());
  return 0;
}

}  // namespace bench
