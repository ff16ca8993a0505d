#pragma once

#include <torch/script.h>

namespace invseg {

/**
 * Bilinear resampling along one axis as a matrix of hat functions: row i holds the weights of the source pixels for the
 * coordinate i, in pixels from the first pixel's centre, clamped to the edge pixels.
 *
 * Matrix products rather than LibTorch's interpolation: the backward pass of that one adds atomically on CUDA, so two
 * runs of one seed would differ.
 *
 * @param coordinates [..., out] floating point @return [..., out, in]
 */
at::Tensor hat_matrix(const at::Tensor& coordinates, int64_t in);

/** The matrix [out, in] that resizes `in` pixels to `out` (pixel centres at half integers, not corner-aligned). */
at::Tensor resize_matrix(int64_t out, int64_t in, const at::TensorOptions& options);

/**
 * The matrix [out, in] of bilinear resizing that takes the mean where it shrinks: the hats are as wide as an output pixel, and
 * each row sums to 1 (`antialias` of LibTorch and of the reference).
 */
at::Tensor shrinking_matrix(int64_t out, int64_t in, const at::TensorOptions& options);

/** The last two dimensions of x, [..., in, in], resized bilinearly to [..., out, out]. */
at::Tensor resize_bilinear(const at::Tensor& x, int64_t out);

/** For each of `out` pixels the index of the nearest of `in` pixels, int64 [out]. */
at::Tensor nearest_indices(int64_t out, int64_t in, at::Device device);

}  // namespace invseg
