#include "runtime/Init.h"
#include "runtime/Error.h"
#include "runtime/Random.h"

#include <cmath>
#include <numeric>

namespace fovea {

std::vector<float> initialValues(const ParameterInfo &parameter, uint64_t seed) {
  const InitSpec &init = parameter.init;
  bool xavier = init.kind == "xavier", gaussian = init.kind == "gaussian", constant = init.kind == "constant",
       uniform = init.kind == "uniform_fan_in", he = init.kind == "he";
  if (!(xavier || gaussian || constant || uniform || he))
    throw Error("parameter " + parameter.name + " has an initialisation `" + init.kind +
                "` that this runtime does not know; compile the network again");

  std::vector<float> values(parameter.elements());
  int64_t units = parameter.shape.empty() ? 1 : parameter.shape[0];
  if (parameter.shape.size() == 6) // [O, OH, OW, I, KH, KW]: filters of its own for each pixel.
    units *= parameter.shape[1] * parameter.shape[2];
  int64_t inputs = units > 0 ? parameter.elements() / units : 0;
  Random random(seed, streamOf(parameter.name));
  for (int64_t unit = 0; unit < units; ++unit) {
    int64_t first = unit * inputs;
    int64_t connected = parameter.mask.empty() ? inputs
                                               : std::accumulate(parameter.mask.begin() + first,
                                                                 parameter.mask.begin() + first + inputs, int64_t(0));
    double n = static_cast<double>(connected > 0 ? connected : 1);
    double bound = xavier ? std::sqrt(3 / n) : init.value / n;
    double deviation = he ? std::sqrt(2 / n) : init.std;
    for (int64_t i = first; i < first + inputs; ++i) {
      double value = constant         ? init.value
                     : gaussian || he ? deviation * random.normal()
                                      : bound * (2 * random.uniform() - 1);
      values[i] = parameter.mask.empty() || parameter.mask[i] ? static_cast<float>(value) : 0.0f;
    }
  }
  return values;
}

} // namespace fovea
