#pragma once

/** Sources of the kernels of a step's loss and update, for the operators that launch them and for a check without a device. */
namespace invseg::kernels {

/** `loss_columns`, `loss_pairs` and `loss_rows` of `step_loss`. */
const char* loss_source();
/** What `loss_columns` has of the entropy; a part of `loss_source`. */
const char* entropy_source();
/** `gradient_sums` and `adam` of `take_step`. */
const char* adam_source();

}  // namespace invseg::kernels
