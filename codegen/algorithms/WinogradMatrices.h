// The matrices of Winograd's minimal filtering F(m, r): m outputs of a filter with r taps from m + r - 1 products.
#pragma once

#include <vector>

namespace fovea {

using Matrix = std::vector<std::vector<double>>; ///< Rows.

/// With g the filter (r numbers) and d the data (t = m + r - 1 numbers), the m correlations of g with d are
///   output * ((filter * g) .* (data * d)),   .* element by element.
/// In two dimensions each matrix is applied to the rows, then to the columns (Lavin and Gray, "Fast Algorithms for
/// Convolutional Neural Networks", 2015, section 4).
///
/// Made by Cook's and Toom's construction (Blahut, "Fast Algorithms for Signal Processing", section 5.2) from the
/// points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity, as many as t needs: small powers of two, whose powers are exact and
/// whose growth, which bounds the rounding error, is the least among such points.
struct WinogradMatrices {
  Matrix output; ///< m rows of t
  Matrix filter; ///< t rows of r
  Matrix data;   ///< t rows of t

  /// 1 <= m, r and m + r - 1 <= 8.
  WinogradMatrices(int m, int r);
};

} // namespace fovea
