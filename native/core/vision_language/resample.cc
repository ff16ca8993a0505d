#include "core/vision_language/resample.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace invseg {
namespace {

constexpr int kBits = 22;  // 32 less 8 for the byte and 2 for sign and overshoot
constexpr double kSupport = 2.0;
constexpr int64_t kMaxBytes = int64_t{1} << 30;

/** Keys' cubic, a = −1/2. */
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

/** The inputs of one output: weights in units of 2^−22 for the pixels from `first` on. */
struct Taps {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

std::vector<Taps> make_taps(const AxisWindow& axis) {
  const double scale = static_cast<double>(axis.from) / static_cast<double>(axis.to);
  const double widening = std::max(scale, 1.0);
  const double support = kSupport * widening;
  const double narrowing = 1.0 / widening;
  std::vector<Taps> all;
  std::vector<double> weights;
  for (int64_t i = axis.begin; i < axis.begin + axis.count; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    // Pillow rounds like this, to the bit.
    // NOLINTBEGIN(bugprone-incorrect-roundings)
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const auto last = std::min<int64_t>(axis.from, static_cast<int64_t>(centre + support + 0.5));
    // NOLINTEND(bugprone-incorrect-roundings)
    weights.clear();
    double sum = 0.0;
    for (int64_t x = first; x < last; ++x) {
      weights.push_back(cubic((static_cast<double>(x) - centre + 0.5) * narrowing));
      sum += weights.back();
    }
    Taps taps{first, {}};
    for (const double weight : weights) {
      const double fixed = (sum == 0.0 ? weight : weight / sum) * (1 << kBits);
      taps.weights.push_back(static_cast<int32_t>(fixed + (fixed < 0.0 ? -0.5 : 0.5)));  // towards zero from there
    }
    all.push_back(std::move(taps));
  }
  return all;
}

/** One output: every input `stride` bytes after the one before, three channels. */
void mix(const uint8_t* from, int64_t stride, const Taps& taps, uint8_t* to) {
  constexpr int32_t half = 1 << (kBits - 1);
  int32_t red = half, green = half, blue = half;
  for (const int32_t weight : taps.weights) {
    red += from[0] * weight;
    green += from[1] * weight;
    blue += from[2] * weight;
    from += stride;
  }
  to[0] = static_cast<uint8_t>(std::clamp(red >> kBits, 0, 255));
  to[1] = static_cast<uint8_t>(std::clamp(green >> kBits, 0, 255));
  to[2] = static_cast<uint8_t>(std::clamp(blue >> kBits, 0, 255));
}

}  // namespace

std::vector<uint8_t> resample_bicubic(const uint8_t* rgb, const AxisWindow& columns, const AxisWindow& rows) {
  const auto across = make_taps(columns), down = make_taps(rows);
  const int64_t top = down.front().first;
  const int64_t bottom = down.back().first + static_cast<int64_t>(down.back().weights.size());
  const int64_t pitch = columns.count * 3;
  if (bottom - top > kMaxBytes / pitch) {
    throw Error(
        "IMAGE_INVALID", "A picture of " + std::to_string(columns.from) + " × " + std::to_string(rows.from) +
                             " pixels is too long and thin to be resized; crop it");
  }
  std::vector<uint8_t> middle(static_cast<size_t>((bottom - top) * pitch));
  for (int64_t y = top; y < bottom; ++y) {
    const uint8_t* row = rgb + y * columns.from * 3;
    uint8_t* out = middle.data() + (y - top) * pitch;
    for (const Taps& taps : across) {
      mix(row + taps.first * 3, 3, taps, out);
      out += 3;
    }
  }
  std::vector<uint8_t> result(static_cast<size_t>(rows.count * pitch));
  uint8_t* out = result.data();
  for (const Taps& taps : down) {
    const uint8_t* row = middle.data() + (taps.first - top) * pitch;
    for (int64_t x = 0; x < columns.count; ++x) {
      mix(row + x * 3, pitch, taps, out);
      out += 3;
    }
  }
  return result;
}

}  // namespace invseg
