// Which way round a camera held the picture: the orientation that JPEG files carry in their Exif segment.
#pragma once

#include "runtime/Image.h"

#include <span>

namespace fovea {

/// The orientation, 1 to 8, in an APP1 segment's data; 1, upright, when it holds none or makes no sense.
int exifOrientation(std::span<const uint8_t> segment);

/// The picture turned and mirrored so that it stands upright.
Image upright(Image image, int orientation);

} // namespace fovea
