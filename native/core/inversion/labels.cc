#include "core/inversion/labels.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/kernels/label.h"
#include "core/maps/aggregate.h"
#include "core/maps/resize.h"
#include "core/shapes.h"

namespace invseg {
namespace {

/** Values of the enlarged maps that one band of rows may hold: 8 Mi float32 are 32 MiB, and a few such are alive. */
constexpr int64_t kBandValues = int64_t{8} << 20;

/** Adds up pixels and map values of each category over the bands of a picture. */
class Tally {
 public:
  Tally(int64_t categories, at::Device device)
      : categories_(categories),
        areas_(at::zeros({categories}, at::TensorOptions().dtype(at::kDouble).device(device))),
        sums_(at::zeros_like(areas_)) {}

  /** @param labels int64, @param values of the labelled category, of the same number of elements */
  void add(const at::Tensor& labels, const at::Tensor& values) {
    if (labels.is_cpu()) {
      areas_ += labels.flatten().bincount({}, categories_).to(at::kDouble);
      sums_ += labels.flatten().bincount(values.flatten().to(at::kDouble), categories_);
      return;
    }
    // There a bincount waits for the largest label, twice, and adds in any order; few categories are compared one by one.
    const at::Tensor flat = labels.flatten(), wide = values.flatten().to(at::kDouble);
    for (int64_t c = 0; c < categories_; ++c) {
      const at::Tensor own = flat.eq(c);
      areas_.select(0, c).add_(own.sum());
      sums_.select(0, c).add_(at::where(own, wide, 0.0).sum());
    }
  }

  /** [2, C] float64 on the CPU: areas and mean values. */
  at::Tensor read() const { return at::stack({areas_, sums_ / areas_.clamp_min(1)}).cpu(); }

 private:
  int64_t categories_;
  at::Tensor areas_;
  at::Tensor sums_;
};

/** The maps at the picture's size, band by band. */
class Enlarger {
 public:
  Enlarger(const at::Tensor& maps, int64_t width, int64_t height) {
    const int64_t size = maps.size(1);
    across_ = maps.matmul(resize_matrix(width, size, maps.options()).t());  // [C, size, width]
    const double scale = static_cast<double>(size) / static_cast<double>(height);
    const auto wide = at::TensorOptions().dtype(at::kDouble).device(maps.device());
    const at::Tensor rows = ((at::arange(height, wide) + 0.5) * scale - 0.5).clamp(0, static_cast<double>(size - 1));
    below_ = rows.floor().to(at::kLong);
    above_ = (below_ + 1).clamp_max(size - 1);
    weights_ = (rows - below_).to(maps.scalar_type()).view({-1, 1});
  }

  at::Tensor band(int64_t top, int64_t count) const {  // [C, count, width]
    return at::lerp(
        across_.index_select(1, below_.narrow(0, top, count)), across_.index_select(1, above_.narrow(0, top, count)),
        weights_.narrow(0, top, count));
  }

  /** x -> (x - low) / range of each category; enlarging is linear and its weights sum to 1, so it can be done before. */
  void rescale(const at::Tensor& low, const at::Tensor& range) { across_ = (across_ - low) / range; }

 private:
  at::Tensor across_;         // the columns enlarged
  at::Tensor below_, above_;  // [height] the two rows that a row lies between
  at::Tensor weights_;        // [height, 1] of the second
};

/** Min-max over all bands, without holding them. */
void rescale(Enlarger& enlarger, int64_t height, int64_t band) {
  at::Tensor low, high;  // [C, 1, 1]
  for (int64_t top = 0; top < height; top += band) {
    const at::Tensor enlarged = enlarger.band(top, std::min(band, height - top));
    const at::Tensor least = enlarged.amin({1, 2}, true), most = enlarged.amax({1, 2}, true);
    low = low.defined() ? at::minimum(low, least) : least;
    high = high.defined() ? at::maximum(high, most) : most;
  }
  enlarger.rescale(low, (high - low).clamp_min(kRangeFloor));
}

}  // namespace

Prediction label_picture(const at::Tensor& given, const LabelOptions& options) {
  const int64_t size = given.size(1), width = options.width, height = options.height, foregrounds = given.size(0);
  const bool ruled = options.background != BackgroundRule::word;
  const int64_t categories = foregrounds + (ruled ? 1 : 0);
  check_shape(foregrounds >= 1 && categories <= 256, "Expected 1 to 256 categories, since a label is one byte");
  check_shape(width >= 1 && height >= 1, "Expected a picture of at least one pixel");
  Prediction result;
  if (!ruled && !options.argmax_first && !options.rescale && !options.strengths) {
    if (auto pixels = label_on_kernels(given, width, height)) {
      result.labels = pixels->labels;
      result.areas = pixels->areas;
      result.scores = (pixels->sums / pixels->areas.clamp_min(1)).to(at::kFloat);
      return result;
    }
  }
  const at::Tensor maps = given.contiguous();
  const at::Device device = maps.device();
  Tally tally(categories, device);
  result.labels = at::empty({height, width}, at::TensorOptions().dtype(at::kByte));
  if (options.strengths) {
    result.foreground = at::empty_like(result.labels);
    result.strengths = at::empty({height, width}, at::TensorOptions().dtype(at::kFloat));
  }
  const int64_t band = std::clamp<int64_t>(kBandValues / (foregrounds * width), 1, height);

  std::optional<Enlarger> enlarger;
  at::Tensor small_labels, small_values, rows;  // argmax-first: [size, width], the columns repeated; [height]
  if (options.argmax_first) {
    const at::Tensor scaled = options.rescale ? min_max(maps.flatten(1), 1).view_as(maps) : maps;
    const auto [values, labels] = scaled.max(0);
    const at::Tensor columns = nearest_indices(width, size, device);
    small_labels = labels.index_select(1, columns);
    small_values = values.index_select(1, columns);
    rows = nearest_indices(height, size, device);
  } else {
    enlarger.emplace(maps, width, height);
    if (options.rescale) rescale(*enlarger, height, band);
  }

  for (int64_t top = 0; top < height; top += band) {
    const int64_t count = std::min(band, height - top);
    at::Tensor labels, values;
    if (options.argmax_first) {
      labels = small_labels.index_select(0, rows.narrow(0, top, count));
      values = small_values.index_select(0, rows.narrow(0, top, count));
    } else {
      std::tie(values, labels) = enlarger->band(top, count).max(0);
    }
    if (options.strengths) {
      result.foreground.narrow(0, top, count).copy_(labels);
      result.strengths.narrow(0, top, count).copy_(values);
    }
    if (ruled) {
      const at::Tensor background = options.background == BackgroundRule::threshold
                                        ? at::full_like(values, options.threshold)
                                        : (1.0 - values).square();
      labels = labels.masked_fill(background.gt(values), foregrounds);
      values = at::maximum(values, background);
    }
    tally.add(labels, values);
    result.labels.narrow(0, top, count).copy_(labels);
  }
  const at::Tensor tallied = tally.read();
  result.areas = tallied[0].clone();
  result.scores = tallied[1].to(at::kFloat);
  return result;
}

Prediction label_maps(const at::Tensor& maps, const LabelOptions& options) {
  check_shape(maps.dim() == 3 && maps.size(0) == 1, "Expected the maps [1, points, categories] of one picture");
  const auto size = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(maps.size(1)))));
  check_shape(size * size == maps.size(1), "Expected the maps of a square picture");
  const at::Tensor planes = maps[0].t().reshape({-1, size, size});  // [C, size, size]
  Prediction result = label_picture(planes, options);
  if (options.maps) result.maps = planes.contiguous().cpu();
  return result;
}

BackgroundRule parse_background_rule(const std::string& name) {
  if (name == "word") return BackgroundRule::word;
  if (name == "threshold") return BackgroundRule::threshold;
  if (name == "complement") return BackgroundRule::complement;
  throw Error("INVALID_OPTION", "Expected word, threshold or complement for background but received " + name);
}

}  // namespace invseg
