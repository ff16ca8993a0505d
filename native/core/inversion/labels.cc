#include "core/inversion/labels.h"

#include <algorithm>

#include "core/error.h"
#include "core/maps/resize.h"

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
    areas_ += labels.flatten().bincount({}, categories_).to(at::kDouble);
    sums_ += labels.flatten().bincount(values.flatten().to(at::kDouble), categories_);
  }

  at::Tensor areas() const { return areas_.cpu(); }
  at::Tensor scores() const { return (sums_ / areas_.clamp_min(1)).to(at::kFloat).cpu(); }

 private:
  int64_t categories_;
  at::Tensor areas_;
  at::Tensor sums_;
};

}  // namespace

Prediction label_picture(const at::Tensor& maps, int64_t width, int64_t height, bool argmax_first) {
  const int64_t categories = maps.size(0), size = maps.size(1);
  check_shape(categories >= 1 && categories <= 256, "Expected 1 to 256 categories, since a label is one byte");
  check_shape(width >= 1 && height >= 1, "Expected a picture of at least one pixel");
  const at::Device device = maps.device();
  Tally tally(categories, device);
  Prediction result;
  result.labels = at::empty({height, width}, at::TensorOptions().dtype(at::kByte));
  const int64_t band = std::clamp<int64_t>(kBandValues / (categories * width), 1, height);

  at::Tensor across;      // resize-first: [C, size, width], the columns enlarged
  at::Tensor rows_below;  // [height] the two rows that a row lies between, and the weight of the second
  at::Tensor rows_above, weights;
  at::Tensor small_labels, small_values;  // argmax-first: [size, width], the columns repeated
  if (argmax_first) {
    const auto [values, labels] = maps.max(0);
    const at::Tensor columns = nearest_indices(width, size, device);
    small_labels = labels.index_select(1, columns);
    small_values = values.index_select(1, columns);
    rows_below = nearest_indices(height, size, device);
  } else {
    across = maps.matmul(resize_matrix(width, size, maps.options()).t());
    const double scale = static_cast<double>(size) / static_cast<double>(height);
    const auto wide = at::TensorOptions().dtype(at::kDouble).device(device);
    const at::Tensor rows = ((at::arange(height, wide) + 0.5) * scale - 0.5).clamp(0, static_cast<double>(size - 1));
    rows_below = rows.floor().to(at::kLong);
    rows_above = (rows_below + 1).clamp_max(size - 1);
    weights = (rows - rows_below).to(maps.scalar_type()).view({-1, 1});
  }

  for (int64_t top = 0; top < height; top += band) {
    const int64_t count = std::min(band, height - top);
    at::Tensor labels, values;
    if (argmax_first) {
      const at::Tensor rows = rows_below.narrow(0, top, count);
      labels = small_labels.index_select(0, rows);
      values = small_values.index_select(0, rows);
    } else {
      const at::Tensor enlarged = at::lerp(
          across.index_select(1, rows_below.narrow(0, top, count)),
          across.index_select(1, rows_above.narrow(0, top, count)),
          weights.narrow(0, top, count));  // [C, count, width]
      std::tie(values, labels) = enlarged.max(0);
    }
    tally.add(labels, values);
    result.labels.narrow(0, top, count).copy_(labels);
  }
  result.areas = tally.areas();
  result.scores = tally.scores();
  return result;
}

}  // namespace invseg
