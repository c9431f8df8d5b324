// What a file of parameters holds beside them.
#pragma once

namespace fovea {

/// Names under which a checkpoint keeps the momentum: "momentum/conv1.weight".
inline constexpr const char *momentumPrefix = "momentum/";

/// Name under which files of parameters keep the mean of the training images.
inline constexpr const char *dataMeanName = "data.mean";

/// Key of the metadata that holds the names of the classes, one a line.
inline constexpr const char *classesKey = "classes";

} // namespace fovea
