#pragma once

#include <cstdint>
#include <vector>

namespace invseg {

/** A window of an axis that is resized from `from` to `to` pixels: outputs [begin, begin + count) of it. */
struct AxisWindow {
  int64_t from = 0;
  int64_t to = 0;
  int64_t begin = 0;
  int64_t count = 0;
};

/**
 * Resizes RGB bytes as Pillow's `resize(..., BICUBIC)` does, bit for bit: Keys' cubic with a = −1/2, widened by the scale
 * where it shrinks, rows first, weights of 22 fractional bits, both passes rounded to bytes. The published models were
 * trained on pictures made this way; LibTorch's antialiased bicubic differs from it (docs/vision-language.md).
 *
 * @param rgb [rows.from * columns.from * 3]
 * @returns [rows.count * columns.count * 3], the windows alone: what a crop throws away is never computed
 * @throws Error `IMAGE_INVALID` for a picture so long and thin that the rows between the passes take more than 1 GiB
 */
std::vector<uint8_t> resample_bicubic(const uint8_t* rgb, const AxisWindow& columns, const AxisWindow& rows);

}  // namespace invseg
