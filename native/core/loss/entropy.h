#pragma once

#include <torch/script.h>

namespace invseg {

struct EntropyOptions {
  enum class Normalise { none, l1, softmax };
  enum class Reduce { mean, sum };
  enum class Region { covered, overlap };
  Normalise normalise = Normalise::none;  ///< over the categories, after the mean over views
  Reduce reduce = Reduce::mean;           ///< over the points of the region
  Region region = Region::covered;        ///< points that any view covers, or only those that all views cover
};

/**
 * L_etrp: with Mbar the mean of the views' maps over the views that cover a point, the mean over the region's points of
 * -sum_c Mbar^c log(Mbar^c + eps).
 *
 * @param maps [V, N, C] in [0, 1], mapped back to the canonical frame @param coverage [V, N] in {0, 1}
 * @return a scalar; 0 when the region is empty
 */
at::Tensor entropy_loss(const at::Tensor& maps, const at::Tensor& coverage, const EntropyOptions& options);

}  // namespace invseg
