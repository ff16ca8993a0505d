#include "core/kernels/levels.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/kernels/program.h"

namespace invseg {
namespace {

constexpr int64_t kBlock = 256;       // as in the source
constexpr int64_t kRows = 4;          // likewise
constexpr int64_t kMostColumns = 64;  // beyond that a product of matrices reads the map less often
constexpr size_t kMostLevels = 4;

/** As in the source. */
struct Level {
  const void* product = nullptr;
  float weight = 0;
  int side = 0;
};

bool takes(const LevelMap& level, const at::Tensor& x) {
  const at::Tensor& map = level.map;
  return map.scalar_type() == at::kFloat && map.is_contiguous() && map.size(0) == 1 && map.size(1) % kRows == 0 &&
         map.device() == x.device() && reinterpret_cast<uintptr_t>(map.const_data_ptr()) % 16 == 0;
}

int64_t blocks_of(int64_t threads) { return (threads + kBlock - 1) / kBlock; }

}  // namespace

std::optional<at::Tensor> levels_on_kernels(
    const std::vector<LevelMap>& levels, const at::Tensor& x, int64_t size, bool divide, double floor) {
  const bool fits = x.scalar_type() == at::kFloat && x.size(0) == 1 && x.size(2) >= 1 && x.size(2) < kMostColumns &&
                    size <= 256 && kernels::available(x.device()) && levels.size() <= kMostLevels &&
                    std::all_of(levels.begin(), levels.end(), [&](const auto& level) { return takes(level, x); });
  if (!fits) return std::nullopt;
  const at::Device device = x.device();
  const auto kernel = [&](const std::string& name) {
    return kernels::compile(kernels::levels_source(), name, at::kFloat, device);
  };
  const at::Tensor columns = x.contiguous();
  const void* from = columns.const_data_ptr();
  int frame = static_cast<int>(size), categories = static_cast<int>(x.size(2)),
      number = static_cast<int>(levels.size()), quotients = divide ? 1 : 0;
  float least = static_cast<float>(floor);
  std::array<Level, kMostLevels> joined;
  std::vector<at::Tensor> products;  // until the last launch
  for (size_t l = 0; l < levels.size(); ++l) {
    int side = static_cast<int>(levels[l].side), points = side * side;
    const at::Tensor planes = at::empty({categories + 1, points}, columns.options());
    const at::Tensor product = at::empty_like(planes);
    void *shrunk = planes.mutable_data_ptr(), *multiplied = product.mutable_data_ptr();
    int lanes = 1;  // about four summands each
    while (side != frame && lanes < 32 && int64_t{lanes} * side * side < int64_t{frame} * frame) lanes *= 2;
    kernels::launch(
        kernel("shrink_columns"), {blocks_of(planes.numel() * lanes)}, kBlock,
        {&from, &shrunk, &frame, &side, &categories, &lanes}, device);
    const void* map = levels[l].map.const_data_ptr();
    for (int begin = 0; begin <= categories;) {
      const int left = categories + 1 - begin, width = left <= 2 ? 2 : left <= 4 ? 4 : 8;
      int count = std::min(left, width);
      kernels::launch(
          kernel("rows_times_" + std::to_string(width)), {points / kRows}, kBlock,
          {&map, &shrunk, &multiplied, &points, &begin, &count}, device);
      begin += count;
    }
    products.push_back(product);
    joined[l] = {multiplied, static_cast<float>(levels[l].weight), side};
  }
  at::Tensor result = at::empty_like(columns);
  void* to = result.mutable_data_ptr();
  kernels::launch(
      kernel("join_levels"), {blocks_of(result.numel())}, kBlock,
      {&joined[0], &joined[1], &joined[2], &joined[3], &number, &to, &frame, &categories, &quotients, &least}, device);
  return result;
}

}  // namespace invseg
