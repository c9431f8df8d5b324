// The runtime's sums by AMX's tiles where the CPU has them; loops that compute the same where it does not, so that the
// schedules that ask for such sums are tested everywhere.
#include "runtime/AmxSums.h"
#include "runtime/CpuFeatures.h"

#include <bit>

// runtime/AmxSums.cpp, compiled under this name.
extern "C" int fovea_amx_sums_by_tiles(fovea::HalideBuffer *, fovea::HalideBuffer *, int32_t, int32_t, int32_t, int32_t,
                                       int32_t, int32_t, int32_t, int32_t, int32_t, fovea::HalideBuffer *);

namespace {

using fovea::HalideBuffer;

float bf16(const HalideBuffer &buffer, int64_t element) {
  return std::bit_cast<float>(uint32_t(reinterpret_cast<const uint16_t *>(buffer.host)[element]) << 16);
}

int64_t offset(const HalideBuffer &buffer, int dimension, int at) {
  return int64_t(at - buffer.dim[dimension].min) * buffer.dim[dimension].stride;
}

} // namespace

extern "C" int fovea_amx_sums(HalideBuffer *image, HalideBuffer *weight, int32_t strideX, int32_t strideY,
                              int32_t dilationX, int32_t dilationY, int32_t beforeX, int32_t beforeY,
                              int32_t channels, int32_t outputsOfGroup, int32_t inputsOfGroup, HalideBuffer *sums) {
  static const bool tiles = fovea::cpuSupports("amx-bf16");
  if (tiles || !image->host || !sums->host)
    return fovea_amx_sums_by_tiles(image, weight, strideX, strideY, dilationX, dilationY, beforeX, beforeY,
                                   channels, outputsOfGroup, inputsOfGroup, sums);
  const bool flat = image->dimensions == 2;
  const int block = weight->dim[0].extent / 2;
  auto each = [](const fovea::HalideDimension &dim, auto body) {
    for (int at = dim.min; at < dim.min + dim.extent; ++at)
      body(at);
  };
  each(sums->dim[3], [&](int n) {
    each(sums->dim[2], [&](int y) {
      each(sums->dim[1], [&](int x) {
        each(sums->dim[0], [&](int c) {
          double sum = 0;
          for (int ky = 0; ky < weight->dim[3].extent; ++ky)
            for (int kx = 0; kx < weight->dim[2].extent; ++kx)
              for (int input = 0; input < 2 * weight->dim[1].extent; ++input) {
                int64_t pixel = c / outputsOfGroup * inputsOfGroup + input + offset(*image, flat ? 1 : 3, n);
                if (!flat)
                  pixel += offset(*image, 1, x * strideX - beforeX + kx * dilationX) +
                           offset(*image, 2, y * strideY - beforeY + ky * dilationY);
                const int64_t element = c % block * 2 + input % 2 + offset(*weight, 1, input / 2) +
                                        offset(*weight, 2, kx) + offset(*weight, 3, ky) + offset(*weight, 4, c / block);
                sum += double(bf16(*image, pixel)) * double(bf16(*weight, element));
              }
          reinterpret_cast<float *>(sums->host)[offset(*sums, 0, c) + offset(*sums, 1, x) + offset(*sums, 2, y) +
                                                offset(*sums, 3, n)] = float(sum);
        });
      });
    });
  });
  return 0;
}
