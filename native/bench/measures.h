#pragma once

#include <memory>
#include <vector>

#include "case.h"
#include "core/engine/engine.h"

namespace bench {

/** Linear between the sorted values. @param values at least one @param q in [0, 1] */
double quantile(std::vector<double> values, double q);

/**
 * Prints the time and memory of the clustering loss with its gradients at `points` and `categories` on one thread, as this library
 * does it and with S built: eq. 3 to 8 with an N x N matrix of distances. @return exit code
 */
int time_loss(int64_t points, int64_t categories);

/** Prints the operator calls of each stage of an image, all of them run plainly, without those that another operator calls. @return exit code */
int count_operators(const std::shared_ptr<invseg::Engine>& engine, const Setting& setting);

}  // namespace bench
