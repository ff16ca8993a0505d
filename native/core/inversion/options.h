#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/inversion/adam.h"
#include "core/inversion/labels.h"
#include "core/loss/cluster.h"
#include "core/loss/entropy.h"
#include "core/maps/categories.h"
#include "core/maps/selection.h"

namespace invseg {

/** How gradients reach the embedding; everything but `exact` is an option, not a replacement (spec 1, 'The loss'). */
enum class GradientMode {
  exact,              ///< through A_self in eq. 2 and in the distances
  distance_constant,  ///< the distances S are constants
  self_constant,      ///< A_self is a constant everywhere
  keys_only           ///< and the U-Net passes gradients through the key projections of its cross-attention alone
};

/** The spellings of `lib/native/binding.ts`. @throws Error `INVALID_OPTION` for any other. */
GradientMode parse_gradient_mode(const std::string& name);
SubtokenRule parse_subtoken_rule(const std::string& name);
EntropyOptions::Normalise parse_entropy_normalise(const std::string& name);
EntropyOptions::Reduce parse_entropy_reduce(const std::string& name);
EntropyOptions::Region parse_entropy_region(const std::string& name);
/** `printed` -> false, `symmetric` -> true. */
bool parse_inter_pairs(const std::string& name);

/** `NativeInversionOptions` of `lib/native/binding.ts`. */
struct InversionOptions {
  std::vector<CategorySpan> spans;
  std::vector<int64_t> groups;  ///< [spans] category of each span, joined by their maximum; empty: one span each
  SubtokenRule subtokens = SubtokenRule::mean;
  MapSelection training;
  int64_t frame = 16;  ///< side of the frame of refinement, losses and view mapping
  GradientMode gradient = GradientMode::exact;
  int64_t refine_iterations = 1;
  /** `cluster.distance_constant` is set from `gradient`. */
  ClusterOptions cluster;
  double cluster_weight = 1.0;
  double alpha = 1.0;
  EntropyOptions entropy;
  std::vector<uint8_t> trainable;  ///< [prompts * K] 1 where the embedding may change
  AdamOptions adam;

  /** Everything that a step's work depends on and that is no tensor, as text; the names aside, whose `NameShape` it depends on. */
  std::string key() const;
};

/** `NativeStep`. */
struct StepInput {
  std::vector<float> boxes;        ///< [V * 4] top, left, height, width as fractions; empty reuses the last views
  std::vector<int64_t> timesteps;  ///< [V]
  uint64_t noise_seed = 0;
};

/** `NativeStepResult`. */
struct StepResult {
  double loss = 0, cluster = 0, entropy = 0, intra = 0, inter = 0, gradient_norm = 0;
  bool finite = false;
  double milliseconds = 0;
};

/** iSeg's refinement in place of eq. 2. */
struct IteratedRefinement {
  int64_t iterations = 0;  ///< 0: eq. 2
  double entropy_reduction = 0;
};

/** `NativePredictOptions`. */
struct PredictOptions : LabelOptions {
  /** What the maps depend on and that is no tensor, as text. */
  std::string key() const;

  MapSelection selection;
  int64_t timestep = 50;
  std::optional<uint64_t> noise_seed;  ///< without one the latent is read as it is
  int64_t refine_iterations = 1;
  IteratedRefinement refinement;
};

}  // namespace invseg
