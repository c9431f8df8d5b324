// The fixed centers of LeNet-5's RBF output: stylised 7x12 pictures of the digits (LeCun et al. 1998, figure 3), drawn
// anew here. A pixel of ink is +1, the background -1, so that F6's units work where their squashing is most nonlinear.
#pragma once

#include <vector>

namespace fovea {

/// Ten rows of 84: digit by digit, line by line.
std::vector<float> digitBitmaps();

} // namespace fovea
