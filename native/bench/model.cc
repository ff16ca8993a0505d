#include "model.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace bench {

invseg::EngineConfig stable_diffusion(const std::string& folder, const std::string& scripts) {
  invseg::EngineConfig config;  // its defaults are these sizes
  config.text_encoder.script = scripts + "/text_encoder.pt";
  config.vae_encoder.script = scripts + "/vae_encoder.pt";
  config.unet.script = scripts + "/unet.pt";
  const std::vector<int64_t> levels{0, 0, 1, 1, 2, 2, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0};
  const std::vector<int64_t> heads{5, 10, 20, 20};
  for (const int64_t level : levels) config.layers.push_back({"layer", level, heads[static_cast<size_t>(level)]});

  std::ifstream index(folder + "/index.tsv");
  if (!index) throw std::runtime_error("no index.tsv in " + folder);
  for (std::string line; std::getline(index, line);) {
    std::istringstream fields(line);
    std::string module, name, file, dtype, shape, begin, end;
    for (auto* field : {&module, &name, &file, &dtype, &shape, &begin, &end}) std::getline(fields, *field, '\t');
    invseg::TensorSource source{name, folder + "/" + file, dtype, {}, std::stoll(begin), std::stoll(end)};
    std::istringstream sizes(shape);
    for (std::string size; std::getline(sizes, size, ',');) source.shape.push_back(std::stoll(size));
    auto& own = module == "text_encoder" ? config.text_encoder : module == "unet" ? config.unet : config.vae_encoder;
    own.weights.push_back(source);
  }
  return config;
}

}  // namespace bench
