// Self-attention as an operator against the matrix that it stands for.

#include <optional>

#include "core/maps/aggregate.h"
#include "core/maps/refine.h"
#include "core/maps/self_attention.h"
#include "emulation.h"
#include "harness.h"

using namespace invseg;

using harness::on;

namespace {

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide = b.to(at::kCPU, at::kDouble);
  return ((a.to(at::kCPU, at::kDouble) - wide).abs().max() / wide.abs().max()).item<double>();
}

/** The operator in `type` against the matrix in float64, before the min-max that would enlarge differences. */
void compare(
    const std::vector<int64_t>& sides, int64_t size, int64_t prompts, int64_t categories, at::ScalarType type) {
  const double tolerance = type == at::kDouble ? 1e-12 : 1e-5;
  std::vector<double> weights;
  for (size_t i = 0; i < sides.size(); ++i) weights.push_back(static_cast<double>(i + 1) / 7);
  weights.back() = sides.size() > 2 ? 0 : weights.back();  // a resolution that is not read
  SelfAttention own(weights, size, prompts);
  at::Tensor matrix;
  for (int64_t p = 0; p < prompts; ++p) {
    std::vector<at::Tensor> maps, rounded;
    for (const int64_t side : sides) {
      const int64_t points = side * side;
      rounded.push_back(on((at::randn({1, points, points}) * 2).softmax(-1).to(type)));
      maps.push_back(rounded.back().to(at::kDouble));
    }
    rounded.emplace_back();
    maps.emplace_back();
    std::vector<double> all = weights;
    all.push_back(1);
    const at::Tensor more = aggregate_self(maps, all, size);
    matrix = matrix.defined() ? matrix + more : more;
    own.add(rounded);
  }
  matrix = matrix / static_cast<double>(prompts);
  const at::Tensor columns = on(at::rand({1, size * size, categories}).to(type));
  at::Tensor got = columns, wanted = columns.to(at::kDouble);
  for (int iterations = 1; iterations <= 3; ++iterations) {
    got = own(got);
    wanted = matrix.matmul(wanted);
    CHECK(got.sizes() == wanted.sizes());
    CHECK_NEAR(largest_difference(got, wanted), 0, tolerance);
  }
  CHECK_NEAR(largest_difference(refine(own, columns, 3), min_max(wanted, 1)), 0, 1000 * tolerance);
  CHECK(own(columns).equal(own(columns)));
}

}  // namespace

TEST_ON_EVERY_DEVICE(self_attention_is_applied_as_its_matrix) {
  at::manual_seed(3);
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const int64_t prompts : {1, 3}) {
      compare({32, 16, 8, 4}, 32, prompts, 3, type);
      compare({8, 16}, 16, prompts, 1, type);
      compare({8, 4, 5}, 12, prompts, 20, type);  // 5 does not divide 12
      compare({8, 3, 2}, 7, prompts, 5, type);    // nor does any divide 7; the frame is coarser than a map
    }
  }
  compare({64, 32, 16, 8}, 64, 1, 3, at::kFloat);
  CHECK_ERROR(SelfAttention({1.0}, 8, 1)(on(at::ones({1, 64, 1}))), "INVALID_OPTION", "self-attention");
  CHECK_CLOSE(
      refine(SelfAttention(), on(at::arange(4.0).view({1, 4, 1})), 0), on(at::arange(4.0) / 3).view({1, 4, 1}), 1e-6);
}

TEST(self_attention_emulated_is_applied_as_its_matrix) {
  if (!emulation::possible()) SKIP("no C++ compiler");
  at::manual_seed(4);
  const emulation::Emulation on_the_cpu;
  compare({8, 4, 2}, 8, 1, 3, at::kFloat);
  compare({4, 2}, 8, 2, 1, at::kFloat);
  compare({4, 6}, 12, 1, 9, at::kFloat);  // two passes over a map
  compare({8, 2}, 7, 1, 6, at::kFloat);
  compare({2, 16}, 16, 1, 1, at::kFloat);
  compare({5, 4}, 16, 1, 2, at::kFloat);  // 25 points are for LibTorch
}
