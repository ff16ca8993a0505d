// Weights files that are right, and every way in which they can be wrong.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "bundle.h"
#include "core/engine/weights.h"
#include "core/error.h"
#include "core/kernels/projections.h"
#include "harness.h"

using invseg::LoadedModule;
using invseg::MappedFile;

namespace {

using Files = std::map<std::string, std::shared_ptr<MappedFile>>;

/** The text encoder of the miniature, its random tensors, and a loader. */
struct Case {
  bundle::Folder folder;
  std::string script;
  std::map<std::string, at::Tensor> tensors;
  std::string file = folder.path("weights.safetensors");

  Case() : script(bundle::miniature(folder).text_encoder.script), tensors(bundle::random_parameters(script)) {}

  LoadedModule load(
      const std::vector<invseg::TensorSource>& sources, at::ScalarType dtype = at::kFloat, bool finite = true) const {
    Files files;
    return LoadedModule("text encoder", {script, sources, false}, at::kCPU, dtype, finite, files);
  }
  at::Tensor parameter(LoadedModule& loaded, const std::string& name) const {
    for (const auto& entry : loaded.module().named_parameters()) {
      if (entry.name == name) return entry.value;
    }
    return {};
  }
};

const char* const kName = "text_model.encoder.layers.0.mlp.fc1.weight";

}  // namespace

TEST(a_file_that_changes_under_the_weights_is_an_error) {
  Case c;
  const auto sources = bundle::write_safetensors(c.file, c.tensors);
  const at::Tensor ids = at::zeros({1, 32}, at::kLong);
  for (const bool shrink : {true, false}) {
    const std::string file = c.folder.path(shrink ? "shrinks" : "is-rewritten");
    std::filesystem::copy_file(c.file, file);
    auto own = sources;
    for (auto& source : own) source.file = file;
    auto loaded = c.load(own);
    const at::Tensor before = loaded.forward({ids}).toTensor().clone();
    loaded.release_pages();
    // Another file that takes the name leaves the opened one whole.
    std::filesystem::copy_file(c.file, file + ".new");
    std::filesystem::rename(file, file + ".kept");
    std::filesystem::rename(file + ".new", file);
    CHECK(loaded.forward({ids}).toTensor().equal(before));
    loaded.release_pages();
    if (shrink) {
      std::filesystem::resize_file(file + ".kept", 4096);
    } else {
      std::fstream out(file + ".kept", std::ios::in | std::ios::out | std::ios::binary);
      out.seekp(sources[0].begin);
      out.write("\x01\x02\x03", 3);
      out.close();
      const auto later = std::filesystem::last_write_time(c.file) + std::chrono::seconds(7);
      std::filesystem::last_write_time(file + ".kept", later);
    }
    CHECK_ERROR(loaded.forward({ids}), "WEIGHTS_CHANGED", "renaming");
  }
  // While it is opened, too.
  MappedFile mapped(c.file);
  std::filesystem::resize_file(c.file, 4096);
  CHECK_ERROR(mapped.check(), "WEIGHTS_CHANGED", c.file);
  std::vector<unsigned char> bytes(8192);
  CHECK_ERROR(mapped.read(0, 8192, bytes.data()), "WEIGHTS_CHANGED", c.file);
}

TEST(copied_weights_do_not_look_at_their_file_again) {
  Case c;
  for (const int64_t pad : {0, 3}) {
    const auto sources = bundle::write_safetensors(c.file, c.tensors, pad);
    auto mapped = c.load(sources);
    const at::Tensor ids = at::zeros({1, 32}, at::kLong);
    const at::Tensor wanted = mapped.forward({ids}).toTensor().clone();
    Files files;
    LoadedModule copied("text encoder", {c.script, sources, true}, at::kCPU, at::kFloat, true, files);
    files.clear();
    copied.release_pages();
    std::filesystem::resize_file(c.file, 4096);
    CHECK(copied.forward({ids}).toTensor().equal(wanted));
    CHECK(c.parameter(copied, kName).equal(c.tensors[kName]));
  }
  auto broken = c.tensors;
  broken[kName] = broken[kName].clone();
  broken[kName].view({-1})[5] = INFINITY;
  const auto sources = bundle::write_safetensors(c.file, broken);
  Files files;
  CHECK_ERROR(
      LoadedModule("text encoder", {c.script, sources, true}, at::kCPU, at::kFloat, true, files), "WEIGHTS_NOT_FINITE",
      kName);
  // A FIFO would be waited for, for ever.
  const std::string fifo = c.folder.path("fifo");
  CHECK(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_ERROR(MappedFile{fifo}, "WEIGHTS_NOT_FOUND", "no file");
}

TEST(weights_are_views_of_the_file_or_converted) {
  Case c;
  auto same = c.load(bundle::write_safetensors(c.file, c.tensors));
  CHECK(c.parameter(same, kName).equal(c.tensors[kName]));
  CHECK(!c.parameter(same, kName).requires_grad());
  same.release_pages();  // the pages come back from the file
  CHECK(c.parameter(same, kName).equal(c.tensors[kName]));
  auto unaligned = c.load(bundle::write_safetensors(c.folder.path("odd.safetensors"), c.tensors, 3));
  CHECK(c.parameter(unaligned, kName).equal(c.tensors[kName]));
  auto narrow = c.load(bundle::write_safetensors(c.folder.path("again.safetensors"), c.tensors), at::kBFloat16);
  CHECK(c.parameter(narrow, kName).equal(c.tensors[kName].to(at::kBFloat16)));
  auto halves = c.tensors;
  for (auto& entry : halves) entry.second = entry.second.to(at::kHalf);
  auto wide = c.load(bundle::write_safetensors(c.folder.path("half.safetensors"), halves));
  CHECK(c.parameter(wide, kName).equal(halves[kName].to(at::kFloat)));
}

namespace {

std::map<std::string, at::Tensor> parameters_of(LoadedModule& loaded) {
  std::map<std::string, at::Tensor> parameters;
  for (const auto& entry : loaded.module().named_parameters()) parameters[entry.name] = entry.value;
  return parameters;
}

}  // namespace

TEST_ON_EVERY_DEVICE(weights_of_one_operator_lie_side_by_side_but_on_the_cpu) {
  bundle::Folder folder;
  const auto config = bundle::miniature(folder).unet;
  const auto load = [&](at::Device device, at::ScalarType dtype) {
    Files files;
    return LoadedModule("U-Net", config, device, dtype, true, files);
  };
  LoadedModule own = load(at::kCPU, at::kFloat);
  const auto plain = parameters_of(own);
  for (const at::Device device : {harness::device(), at::Device(at::kMeta)}) {
    for (const auto dtype : {at::kFloat, at::kHalf}) {
      LoadedModule loaded = load(device, dtype);
      const auto parameters = parameters_of(loaded);
      int64_t groups = 0, members = 0;
      for (const c10::IValue& group : loaded.module().attr("side_by_side").toListRef()) {
        std::vector<at::Tensor> weights, wanted;
        for (const c10::IValue& name : group.toListRef()) {
          weights.push_back(parameters.at(name.toStringRef()));
          wanted.push_back(plain.at(name.toStringRef()));
        }
        const auto whole = invseg::joined(weights);
        CHECK(whole.has_value() != device.is_cpu());
        const bool prompt = group.toListRef()[0].toStringRef().find(".attn2.") != std::string::npos;
        const at::ScalarType type = device.is_cpu() && prompt ? at::kFloat : dtype;
        for (size_t i = 0; i < weights.size(); ++i) {
          CHECK(weights[i].scalar_type() == type && weights[i].sizes() == wanted[i].sizes());
          CHECK(device.is_meta() || weights[i].cpu().equal(wanted[i].to(type)));
        }
        ++groups;
        members += static_cast<int64_t>(weights.size());
      }
      // Ten layers' own and the prompt's, and three parameters of fourteen resnets for the time.
      CHECK(groups == 14 && members == 5 * 10 + 3 * 14);
    }
  }
}

TEST(the_mapping_outlives_its_name) {
  Case c;
  auto loaded = c.load(bundle::write_safetensors(c.file, c.tensors));
  std::filesystem::remove(c.file);
  CHECK(c.parameter(loaded, kName).equal(c.tensors[kName]));
}

TEST(a_linear_may_be_spelt_as_a_convolution) {
  Case c;
  auto tensors = c.tensors;
  tensors[kName] = tensors[kName].unsqueeze(-1).unsqueeze(-1);
  auto loaded = c.load(bundle::write_safetensors(c.file, tensors));
  CHECK(c.parameter(loaded, kName).equal(c.tensors[kName]));
}

TEST(missing_extra_and_misshapen_tensors_are_named) {
  Case c;
  auto tensors = c.tensors;
  tensors.erase(kName);
  CHECK_ERROR(
      c.load(bundle::write_safetensors(c.file, tensors)), "WEIGHTS_MISMATCH",
      "1 missing (text_model.encoder.layers.0.mlp.fc1.weight)");
  tensors = c.tensors;
  tensors["stray.weight"] = at::zeros({2});
  CHECK_ERROR(
      c.load(bundle::write_safetensors(c.file, tensors)), "WEIGHTS_MISMATCH", "unknown to the model (stray.weight)");
  tensors = c.tensors;
  tensors[kName] = tensors[kName].t();
  CHECK_ERROR(
      c.load(bundle::write_safetensors(c.file, tensors)), "WEIGHTS_MISMATCH",
      "[96, 384] in the file, [384, 96] in the model");
  CHECK_ERROR(c.load({}), "WEIGHTS_MISMATCH", "missing");
  auto doubled = bundle::write_safetensors(c.file, c.tensors);
  doubled.push_back(doubled.front());
  CHECK_ERROR(c.load(doubled), "WEIGHTS_MISMATCH", "unknown");
}

TEST(byte_ranges_are_checked_against_file_and_shape) {
  Case c;
  auto sources = bundle::write_safetensors(c.file, c.tensors);
  auto shorter = sources;
  shorter.back().end -= 4;
  CHECK_ERROR(c.load(shorter), "WEIGHTS_INVALID", "truncated");
  auto before = sources;
  before.front().begin -= 1000;
  before.front().end -= 1000;
  CHECK_ERROR(c.load(before), "WEIGHTS_INVALID", "truncated");
  auto type = sources;
  type.back().dtype = "I64";
  CHECK_ERROR(c.load(type), "WEIGHTS_INVALID", "I64");
  std::filesystem::resize_file(c.file, std::filesystem::file_size(c.file) - 1);
  CHECK_ERROR(c.load(sources), "WEIGHTS_INVALID", sources.back().name);
  std::filesystem::resize_file(c.file, 0);
  CHECK_ERROR(c.load(sources), "WEIGHTS_NOT_FOUND", "empty");
  std::filesystem::remove(c.file);
  CHECK_ERROR(c.load(sources), "WEIGHTS_NOT_FOUND", "weights.safetensors");
}

TEST(values_that_are_not_finite_are_found_and_named) {
  Case c;
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    for (const auto type : {at::kFloat, at::kHalf, at::kBFloat16}) {
      auto tensors = c.tensors;
      for (auto& entry : tensors) entry.second = entry.second.to(type);
      tensors[kName] = tensors[kName].clone();
      tensors[kName].view(-1)[tensors[kName].numel() - 1] = bad;
      const auto sources = bundle::write_safetensors(c.file, tensors);
      CHECK_ERROR(c.load(sources, at::kFloat), "WEIGHTS_NOT_FINITE", kName);
      c.load(sources, at::kFloat, /*finite=*/false);
    }
  }
}

TEST(code_in_memory_is_loaded_and_its_file_is_not_read) {
  Case c;
  std::ostringstream bytes;
  bytes << std::ifstream(c.script, std::ios::binary).rdbuf();
  const auto sources = bundle::write_safetensors(c.file, c.tensors);
  const at::Tensor ids = at::zeros({1, 32}, at::kLong);
  const at::Tensor wanted = c.load(sources).forward({ids}).toTensor();
  Files files;
  LoadedModule given("text encoder", {"no such file", sources, false, bytes.str()}, at::kCPU, at::kFloat, true, files);
  CHECK(given.forward({ids}).toTensor().equal(wanted));
  CHECK_ERROR(
      LoadedModule("text encoder", {c.script, sources, false, "not a module"}, at::kCPU, at::kFloat, true, files),
      "MODEL_UNSUPPORTED", c.script);
}

TEST(a_script_that_is_none_is_an_error) {
  Case c;
  Files files;
  CHECK_ERROR(
      LoadedModule("U-Net", {c.folder.path("none.pt"), {}}, at::kCPU, at::kFloat, true, files), "MODEL_NOT_FOUND",
      "none.pt");
  std::ofstream(c.folder.path("text.pt")) << "not a module";
  CHECK_ERROR(
      LoadedModule("U-Net", {c.folder.path("text.pt"), {}}, at::kCPU, at::kFloat, true, files), "MODEL_UNSUPPORTED",
      "text.pt");
}
