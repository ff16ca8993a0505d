#include <atomic>
#include <cstdio>

#include <ATen/record_function.h>

#include "measures.h"

using namespace invseg;

namespace bench {
namespace {

/** Operators that were called since the last look, without those that another operator called. */
int64_t operators() {
  static std::atomic<int64_t> count{0};
  static thread_local int64_t depth = 0;
  static const bool counting = [] {
    at::addGlobalCallback(at::RecordFunctionCallback(
                              [](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
                                if (depth++ == 0) ++count;
                                return nullptr;
                              },
                              [](const at::RecordFunction&, at::ObserverContext*) { --depth; })
                              .scopes({at::RecordScope::FUNCTION}));
    return true;
  }();
  return counting ? count.exchange(0) : 0;
}

}  // namespace

int count_operators(const std::shared_ptr<Engine>& engine, const Setting& setting) {
  const auto& config = engine->config();
  const auto ids = prompt(config, setting);
  const auto rgb = picture(1);
  engine->graphs().set_enabled(false);
  operators();
  const at::Tensor embedding = engine->encode_text(ids.data(), 1);
  const int64_t text = operators();
  const Image image = engine->encode_image(rgb.data(), kWidth, kHeight, false, 0);
  const int64_t whole = operators();
  Inversion inversion(engine, image, embedding, method(config, setting));
  operators();
  inversion.step({plan({1, setting.views, setting.categories}, true, 1)[0]});
  const int64_t fresh = operators();
  StepInput again = plan({1, setting.views, setting.categories}, true, 1)[0];
  again.boxes.clear();
  inversion.step(again);
  const int64_t step = operators();
  inversion.predict(prediction(config));
  const int64_t last = operators();
  std::printf(
      "operator calls: text %lld, image %lld, views of a step %lld, a step %lld, prediction %lld\n",
      static_cast<long long>(text), static_cast<long long>(whole), static_cast<long long>(fresh - step),
      static_cast<long long>(step), static_cast<long long>(last));
  return 0;
}

}  // namespace bench
