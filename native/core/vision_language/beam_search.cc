#include "core/vision_language/beam_search.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace invseg {
namespace {

struct Beam {
  std::vector<int64_t> tokens;
  float score;  // float32, as the reference adds them up
};

/** A beam that goes on with one more token. */
struct Candidate {
  int64_t parent;
  int64_t token;
  float score;
};

/** The `count` best continuations of all beams, best first. logits [B, V] of the running beams */
std::vector<Candidate> best_candidates(const at::Tensor& logits, const std::vector<Beam>& running, int64_t count) {
  at::Tensor scores = logits.to(at::kCPU, at::kFloat).log_softmax(-1);  // [B, V]
  check_shape(
      scores.dim() == 2 && scores.size(0) == static_cast<int64_t>(running.size()) && scores.size(1) >= count,
      "The text decoder returned logits of another shape than [beams, vocabulary]");
  std::vector<float> sums;
  sums.reserve(running.size());
  for (const Beam& beam : running) sums.push_back(beam.score);
  scores = scores + at::tensor(sums, at::kFloat).unsqueeze(1);
  const auto [values, indices] = scores.flatten().topk(count);
  const auto value = values.accessor<float, 1>();
  const auto index = indices.accessor<int64_t, 1>();
  const int64_t vocabulary = scores.size(1);
  std::vector<Candidate> best;
  for (int64_t i = 0; i < count; ++i) {
    if (!std::isfinite(value[i]))
      throw Error("NOT_FINITE", "The text decoder's logits are not finite; use another dtype");
    best.push_back({index[i] / vocabulary, index[i] % vocabulary, value[i]});
  }
  return best;
}

Beam extend(const Beam& beam, const Candidate& candidate) {
  Beam longer{beam.tokens, candidate.score};
  longer.tokens.push_back(candidate.token);
  return longer;
}

}  // namespace

BeamResult beam_search(const std::vector<int64_t>& prompt, const BeamOptions& options, const NextLogits& next) {
  const auto prompt_length = static_cast<int64_t>(prompt.size());
  const auto beams = static_cast<size_t>(options.beams);
  if (prompt_length < 1 || prompt_length >= options.max_length) {
    throw Error(
        "INVALID_OPTION", "Expected a prompt of 1 to " + std::to_string(options.max_length - 1) +
                              " tokens but received " + std::to_string(prompt_length));
  }
  const auto normalised = [&](float score, int64_t length) {
    return static_cast<float>(score / static_cast<float>(std::pow(length - prompt_length, options.length_penalty)));
  };
  std::vector<Beam> running{{prompt, 0.0F}}, finished;
  at::Tensor tokens = at::tensor(prompt, at::kLong).unsqueeze(0), parents;
  for (int64_t length = prompt_length + 1;; ++length) {  // with this step's token
    const auto candidates = best_candidates(next(tokens, parents), running, 2 * options.beams);
    std::vector<Beam> continued;
    std::vector<int64_t> last, rows;
    for (size_t i = 0; i < candidates.size() && continued.size() < beams; ++i) {
      const Candidate& candidate = candidates[i];
      const Beam& parent = running[static_cast<size_t>(candidate.parent)];
      if (candidate.token == options.end || length == options.max_length) {
        if (i >= beams) continue;
        finished.push_back(extend(parent, candidate));
        finished.back().score = normalised(candidate.score, length);
      } else {
        continued.push_back(extend(parent, candidate));
        last.push_back(candidate.token);
        rows.push_back(candidate.parent);
      }
    }
    std::stable_sort(finished.begin(), finished.end(), [](const Beam& a, const Beam& b) { return a.score > b.score; });
    if (finished.size() > beams) finished.resize(beams);
    if (continued.empty()) break;  // max_length
    if (finished.size() == beams && normalised(continued.front().score, length) <= finished.back().score) break;
    running = std::move(continued);
    tokens = at::tensor(last, at::kLong).unsqueeze(1);
    parents = at::tensor(rows, at::kLong);
  }
  return {finished.front().tokens, finished.front().score};
}

}  // namespace invseg
