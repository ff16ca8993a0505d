#include "core/inversion/options.h"

#include <initializer_list>
#include <sstream>
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

std::string InversionOptions::key() const {
  std::ostringstream out;
  out.precision(17);
  const auto add = [&](const auto&... values) { ((out << ';' << values), ...); };
  const auto list = [&](const auto& values) {
    out << ';';
    for (const auto& value : values) out << value << ',';
  };
  add(static_cast<int>(subtokens), frame, static_cast<int>(gradient), refine_iterations, cluster.anchor_scale,
      cluster.anchor_centre, cluster.symmetric, cluster_weight, alpha, static_cast<int>(entropy.normalise),
      static_cast<int>(entropy.reduce), static_cast<int>(entropy.region), adam.learning_rate, adam.beta1, adam.beta2,
      adam.eps, static_cast<int>(training.cross_scale));
  list(training.self_layers);
  list(training.cross_layers);
  list(training.self_weights);
  list(training.cross_weights);
  return out.str();
}

std::string PredictOptions::key() const {
  std::ostringstream out;
  out.precision(17);
  out << "predict;" << refine_iterations << ';' << refinement.iterations << ';' << refinement.entropy_reduction << ';'
      << static_cast<int>(selection.cross_scale) << ';';
  for (const auto& list : {selection.self_layers, selection.cross_layers}) {
    for (const int64_t flag : list) out << flag;
  }
  for (const auto& list : {selection.self_weights, selection.cross_weights}) {
    for (const double weight : list) out << ',' << weight;
  }
  return out.str();
}

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
