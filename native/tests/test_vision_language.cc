// Beam search on a scripted model whose best sequences can be worked out by hand, and the resampling of pictures.

#include <cmath>
#include <map>

#include "core/vision_language/beam_search.h"
#include "core/vision_language/picture.h"
#include "core/vision_language/resample.h"
#include "harness.h"

using invseg::BeamOptions;
using invseg::BeamResult;

namespace {

constexpr int64_t kEnd = 0;
constexpr int64_t kVocabulary = 8;

/**
 * A language model that is a table: sequence after the prompt -> probabilities of the next tokens; the rest share what is
 * left. Like a real one it knows a beam by its row alone, so that wrong parents give wrong sequences.
 */
class Scripted {
 public:
  using Table = std::map<std::vector<int64_t>, std::map<int64_t, double>>;
  explicit Scripted(Table table) : table_(std::move(table)) {}

  at::Tensor operator()(const at::Tensor& tokens, const at::Tensor& parents) {
    ++calls;
    std::vector<std::vector<int64_t>> rows;
    for (int64_t b = 0; b < tokens.size(0); ++b) {
      auto row = parents.defined() ? rows_[static_cast<size_t>(parents[b].item<int64_t>())] : std::vector<int64_t>{};
      if (parents.defined()) row.push_back(tokens[b][0].item<int64_t>());
      rows.push_back(row);
    }
    rows_ = rows;
    at::Tensor logits = at::empty({tokens.size(0), kVocabulary});
    for (size_t b = 0; b < rows.size(); ++b) {
      const auto& known = table_[rows[b]];
      double left = 1.0;
      for (const auto& entry : known) left -= entry.second;
      for (int64_t v = 0; v < kVocabulary; ++v) {
        const auto found = known.find(v);
        const double share = left / static_cast<double>(kVocabulary - static_cast<int64_t>(known.size()));
        // Any shift of a row's logits is the same distribution.
        logits[static_cast<int64_t>(b)][v] = std::log(found == known.end() ? share : found->second) + 3.0;
      }
    }
    return logits;
  }

  int calls = 0;

 private:
  Table table_;
  std::vector<std::vector<int64_t>> rows_;
};

BeamResult search(Scripted& model, int64_t beams, int64_t max_length, std::vector<int64_t> prompt = {7}) {
  BeamOptions options;
  options.beams = beams;
  options.max_length = max_length;
  options.end = kEnd;
  return invseg::beam_search(prompt, options, [&](const at::Tensor& t, const at::Tensor& p) { return model(t, p); });
}

/** A greedy choice of 1 leads into a flat distribution; 2 is less likely at first and better as a whole. */
Scripted garden_path() {
  return Scripted({
      {{}, {{1, 0.5}, {2, 0.4}}},
      {{1}, {{3, 0.2}}},
      {{2}, {{4, 0.95}}},
      {{2, 4}, {{kEnd, 0.95}}},
  });
}

}  // namespace

TEST(beam_search_finds_what_greedy_search_misses) {
  auto model = garden_path();
  const auto best = search(model, 3, 10);
  CHECK((best.tokens == std::vector<int64_t>{7, 2, 4, kEnd}));
  CHECK_NEAR(best.score, std::log(0.4 * 0.95 * 0.95) / 3, 1e-6);
  auto greedy = garden_path();
  CHECK(search(greedy, 1, 10).tokens[1] == 1);
}

TEST(beam_search_keeps_the_prompt_and_counts_new_tokens_only) {
  auto model = garden_path();
  const auto best = search(model, 3, 12, {7, 5, 6});
  CHECK((best.tokens == std::vector<int64_t>{7, 5, 6, 2, 4, kEnd}));
  CHECK_NEAR(best.score, std::log(0.4 * 0.95 * 0.95) / 3, 1e-6);
}

TEST(beam_search_divides_by_the_length) {
  // 0.5 at once is a better sum than 0.4 · 0.9 · 0.9, but a worse mean.
  Scripted model({
      {{}, {{kEnd, 0.5}, {1, 0.4}}},
      {{1}, {{2, 0.9}}},
      {{1, 2}, {{kEnd, 0.9}}},
  });
  const auto best = search(model, 3, 10);
  CHECK((best.tokens == std::vector<int64_t>{7, 1, 2, kEnd}));
  CHECK_NEAR(best.score, std::log(0.4 * 0.9 * 0.9) / 3, 1e-6);
}

TEST(beam_search_stops_when_no_running_beam_can_win) {
  // Three sequences end well at once; what goes on is far behind.
  Scripted model({
      {{}, {{1, 0.32}, {2, 0.33}, {3, 0.34}}},
      {{1}, {{kEnd, 0.99}}},
      {{2}, {{kEnd, 0.99}}},
      {{3}, {{kEnd, 0.99}}},
  });
  const auto best = search(model, 3, 30);
  CHECK((best.tokens == std::vector<int64_t>{7, 3, kEnd}));
  CHECK(model.calls == 2);
}

TEST(beam_search_ends_at_the_length) {
  Scripted model({{{}, {{1, 0.9}}}, {{1}, {{1, 0.9}}}, {{1, 1}, {{2, 0.9}}}});
  const auto best = search(model, 3, 4);
  CHECK((best.tokens == std::vector<int64_t>{7, 1, 1, 2}));
  CHECK(model.calls == 3);
  auto full = garden_path();
  CHECK_ERROR(search(full, 3, 1), "INVALID_OPTION", "Expected a prompt of 1 to 0 tokens");
}

TEST(beam_search_refuses_logits_that_are_not_numbers) {
  BeamOptions options;
  const auto broken = [](const at::Tensor& tokens, const at::Tensor&) {
    return at::full({tokens.size(0), kVocabulary}, std::nan(""));
  };
  CHECK_ERROR(invseg::beam_search({7}, options, broken), "NOT_FINITE", "not finite");
}

TEST(resampling_keeps_a_flat_picture_and_a_picture_of_the_right_size) {
  const std::vector<uint8_t> flat(size_t{50} * 30 * 3, 77);
  for (const uint8_t value : invseg::resample_bicubic(flat.data(), {50, 13, 0, 13}, {30, 90, 0, 90}))
    CHECK(value == 77);
  std::vector<uint8_t> ramp(size_t{20} * 10 * 3);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<uint8_t>(i * 37);
  CHECK(invseg::resample_bicubic(ramp.data(), {20, 20, 0, 20}, {10, 10, 0, 10}) == ramp);
}

TEST(resampling_a_window_is_a_window_of_the_whole) {
  std::vector<uint8_t> picture(size_t{61} * 47 * 3);
  for (size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<uint8_t>((i * i) >> 5);
  const auto whole = invseg::resample_bicubic(picture.data(), {61, 36, 0, 36}, {47, 28, 0, 28});
  const auto part = invseg::resample_bicubic(picture.data(), {61, 36, 4, 20}, {47, 28, 5, 9});
  for (int64_t y = 0; y < 9; ++y) {
    for (int64_t x = 0; x < 20 * 3; ++x) CHECK(part[y * 60 + x] == whole[(y + 5) * 108 + 12 + x]);
  }
}

TEST(pixels_are_close_to_libtorchs_bicubic) {
  std::vector<uint8_t> picture(size_t{120} * 90 * 3);
  for (size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<uint8_t>(128 + 100 * std::sin(0.002 * i));
  invseg::PictureConfig config;
  config.size = 32;
  config.deviation = {1, 1, 1};
  const at::Tensor pixels = invseg::picture_pixels(picture.data(), 120, 90, config);
  const at::Tensor bytes = at::from_blob(picture.data(), {90, 120, 3}, at::kByte).permute({2, 0, 1}).unsqueeze(0);
  const at::Tensor other =
      at::_upsample_bicubic2d_aa(bytes.to(at::kFloat), {32, 32}, false, std::nullopt, std::nullopt);
  CHECK((pixels.sizes() == at::IntArrayRef{1, 3, 32, 32}));
  CHECK((pixels * 255 - other).abs().max().item<double>() <= 1.5);
}
