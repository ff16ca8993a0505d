// The kernels that label a picture and cut it into views against LibTorch's operators.

#include <optional>

#include "core/inversion/labels.h"
#include "core/inversion/views.h"
#include "core/kernels/label.h"
#include "core/kernels/program.h"
#include "emulation.h"
#include "harness.h"

using namespace invseg;

using harness::on;

namespace {

void compare(const at::Tensor& maps, int64_t width, int64_t height) {
  const LabelOptions options{.width = width, .height = height};
  const Prediction wanted = label_maps(maps, options);
  std::optional<emulation::Emulation> emulated;
  if (harness::device().is_cpu()) emulated.emplace();
  const at::Tensor given = on(maps);
  const Prediction got = label_maps(given, options);
  CHECK(got.labels.is_contiguous() && got.labels.sizes() == wanted.labels.sizes());
  // Labels differ where two values are equal but for rounding: enlarged in float64, the one is nearly the other.
  const auto size = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(maps.size(1)))));
  const at::Tensor planes = maps[0].t().reshape({1, -1, size, size}).to(at::kDouble);
  const at::Tensor values = at::upsample_bilinear2d(planes, {height, width}, false, std::nullopt, std::nullopt)[0];
  const auto of = [&](const at::Tensor& labels) { return values.gather(0, labels.to(at::kLong).unsqueeze(0)); };
  CHECK((of(got.labels) - of(wanted.labels)).abs().max().item<double>() < 1e-6);
  const int64_t differing = got.labels.ne(wanted.labels).sum().item<int64_t>();
  CHECK(differing * 1000 <= width * height);
  CHECK((got.areas - wanted.areas).abs().sum().item<double>() <= 2 * static_cast<double>(differing));
  CHECK(got.areas.equal(got.labels.flatten().bincount({}, maps.size(2)).to(at::kDouble)));
  const double tolerance = differing == 0 ? 1e-6 : 1e-3;
  CHECK((got.scores - wanted.scores).abs().max().item<double>() < tolerance);
  const Prediction again = label_maps(given, options);
  CHECK(again.labels.equal(got.labels) && again.areas.equal(got.areas) && again.scores.equal(got.scores));
}

}  // namespace

TEST_ON_EVERY_DEVICE(labels_of_kernels_are_those_of_operators) {
  if (harness::device().is_cpu() && !emulation::possible()) SKIP("no C++ compiler");
  at::manual_seed(5);
  for (const int64_t categories : {1, 3, 20, 32}) {
    for (const auto& [width, height] :
         {std::pair{150, 37}, std::pair{9, 70}, std::pair{5, 4}, std::pair{1, 1}, std::pair{8, 8}}) {
      compare(at::rand({1, 64, categories}), width, height);
    }
  }
  compare(at::rand({1, 256, 33}), 40, 30);  // for LibTorch
  compare(at::rand({1, 1, 2}), 7, 5);
  const bool gpu = !harness::device().is_cpu();
  compare(at::rand({1, gpu ? 4096 : 256, 3}), gpu ? 600 : 700, gpu ? 400 : 500);  // more runs than blocks
  // Equal values: the first category. What is no number wins, as in LibTorch.
  compare(at::ones({1, 16, 4}), 10, 10);
  at::Tensor maps = at::rand({1, 16, 3});
  maps.select(2, 1).fill_(std::numeric_limits<float>::quiet_NaN());
  std::optional<emulation::Emulation> emulated;
  if (!gpu) emulated.emplace();
  CHECK(label_maps(on(maps), {.width = 6, .height = 6}).labels.eq(1).all().item<bool>());
}

TEST_ON_EVERY_DEVICE(views_of_the_kernel_are_those_of_operators) {
  if (harness::device().is_cpu() && !emulation::possible()) SKIP("no C++ compiler");
  at::manual_seed(6);
  const at::Tensor boxes =
      at::tensor({0.f, 0.f, 1.f, 1.f, 0.113f, 0.207f, 0.611f, 0.683f, 0.5f, 0.f, 0.5f, 1.f, 0.2f, 0.9f, 0.8f, 0.1f})
          .view({4, 4});
  for (const int64_t size : {32, 37}) {
    const at::Tensor picture = at::rand({1, 3, size, size}) * 2 - 1;
    const at::Tensor wanted = at::cat({picture, crop_views(picture, boxes)}, 0);
    std::optional<emulation::Emulation> emulated;
    if (harness::device().is_cpu()) emulated.emplace();
    const at::Tensor got = crop_views(on(picture), on(boxes), true).cpu();
    CHECK(got.is_contiguous(at::MemoryFormat::ChannelsLast));
    CHECK(got[0].equal(picture[0]));
    CHECK((got - wanted).abs().max().item<double>() < (size == 32 ? 1e-6 : 2e-5));
    CHECK(crop_views(on(picture), on(boxes)).cpu().equal(got.narrow(0, 1, 4)));
  }
}
