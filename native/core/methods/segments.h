#pragma once

#include <torch/script.h>

#include "core/inversion/labels.h"

namespace invseg {

/**
 * Proposals -> segments without names: each point belongs to the proposal that is largest there. Segments are numbered by
 * their area, the largest first; proposals without a pixel are left out.
 *
 * A segment's score is the mean over its pixels of its proposal, as a share of the proposal's largest value.
 *
 * @param proposals [1, N, M], M <= 256 @param options the background's rule is not looked at
 */
Prediction number_segments(const at::Tensor& proposals, LabelOptions options);

/**
 * Proposals -> categories: each segment takes the category that most of its pixels have in `categories`.
 *
 * A category's score is the share of its pixels that voted for it; all are NaN where the proposals or the maps are not
 * finite.
 *
 * @param categories maps [1, N, C] in [0, 1], labelled with the options' background
 */
Prediction name_segments(const at::Tensor& proposals, const at::Tensor& categories, const LabelOptions& options);

}  // namespace invseg
