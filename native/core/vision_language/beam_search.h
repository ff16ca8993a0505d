#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/script.h>

namespace invseg {

struct BeamOptions {
  int64_t beams = 3;
  int64_t max_length = 30;      ///< tokens of prompt and continuation together
  int64_t end = 102;            ///< id that ends a sequence; it is part of it
  double length_penalty = 1.0;  ///< scores are divided by (tokens after the prompt)^penalty
};

struct BeamResult {
  std::vector<int64_t> tokens;  ///< prompt, continuation and, where it ended by itself, the end token
  double score = 0.0;           ///< sum of log probabilities over length^penalty
};

/**
 * One step of a language model: tokens int64 [B, T], parents int64 [B] or undefined -> logits [B, vocabulary].
 *
 * The first call has the prompt as its one row and no parents. Every other call has one new token a row, and row b goes
 * on from row parents[b] of the call before.
 */
using NextLogits = std::function<at::Tensor(const at::Tensor& tokens, const at::Tensor& parents)>;

/**
 * The best continuation of `prompt` by beam search: transformers' `generate` with `num_beams` and otherwise its defaults
 * (no sampling, `early_stopping` False), so that both choose the same tokens.
 *
 * Of the 2 · beams best candidates of a step, those among the first `beams` that end are kept as finished, the best
 * `beams` of all; the first `beams` that do not end go on. The search ends when `max_length` is reached, or when there are
 * `beams` finished and the best running score over its present length is no better than the worst of them.
 *
 * @throws Error `INVALID_OPTION` for a prompt that leaves no room; `NOT_FINITE` when the model's logits are NaN
 */
BeamResult beam_search(const std::vector<int64_t>& prompt, const BeamOptions& options, const NextLogits& next);

}  // namespace invseg
