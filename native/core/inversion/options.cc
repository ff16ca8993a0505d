#include "core/inversion/options.h"

#include <initializer_list>
#include <utility>

#include "core/error.h"

namespace invseg {
namespace {

template <typename T>
T choose(const char* what, const std::string& name, std::initializer_list<std::pair<const char*, T>> spellings) {
  std::string known;
  for (const auto& [spelling, value] : spellings) {
    if (name == spelling) return value;
    known += known.empty() ? spelling : std::string(", ") + spelling;
  }
  throw Error("INVALID_OPTION", std::string("Expected one of ") + known + " for " + what + " but received " + name);
}

}  // namespace

GradientMode parse_gradient_mode(const std::string& name) {
  return choose<GradientMode>(
      "gradient", name,
      {{"exact", GradientMode::exact},
       {"distance-constant", GradientMode::distance_constant},
       {"self-constant", GradientMode::self_constant},
       {"keys-only", GradientMode::keys_only}});
}

SubtokenRule parse_subtoken_rule(const std::string& name) {
  return choose<SubtokenRule>(
      "subtokens", name, {{"mean", SubtokenRule::mean}, {"last", SubtokenRule::last}, {"max", SubtokenRule::max}});
}

EntropyOptions::Normalise parse_entropy_normalise(const std::string& name) {
  using Normalise = EntropyOptions::Normalise;
  return choose<Normalise>(
      "entropy.normalise", name, {{"none", Normalise::none}, {"l1", Normalise::l1}, {"softmax", Normalise::softmax}});
}

EntropyOptions::Reduce parse_entropy_reduce(const std::string& name) {
  using Reduce = EntropyOptions::Reduce;
  return choose<Reduce>("entropy.reduce", name, {{"mean", Reduce::mean}, {"sum", Reduce::sum}});
}

EntropyOptions::Region parse_entropy_region(const std::string& name) {
  using Region = EntropyOptions::Region;
  return choose<Region>("entropy.region", name, {{"covered", Region::covered}, {"overlap", Region::overlap}});
}

bool parse_inter_pairs(const std::string& name) {
  return choose<bool>("interPairs", name, {{"printed", false}, {"symmetric", true}});
}

}  // namespace invseg
