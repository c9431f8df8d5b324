#include "codegen/algorithms/WinogradMatrices.h"

#include <iterator>
#include <stdexcept>
#include <string>

namespace fovea {

namespace {

constexpr double points[] = {0, 1, -1, 2, -2, 0.5, -0.5}; // And infinity, always the last.

std::vector<double> powers(double of, int count) {
  std::vector<double> row(count, 1);
  for (int i = 1; i < count; ++i)
    row[i] = row[i - 1] * of;
  return row;
}

/// The coefficients, the constant first, of the product of (x - points[j]) over the first `finite` points but `left
/// out`.
std::vector<double> product(int finite, int leftOut) {
  std::vector<double> coefficients{1};
  for (int j = 0; j < finite; ++j) {
    if (j == leftOut)
      continue;
    coefficients.push_back(0);
    for (size_t i = coefficients.size() - 1; i > 0; --i)
      coefficients[i] = coefficients[i - 1] - points[j] * coefficients[i];
    coefficients[0] *= -points[j];
  }
  return coefficients;
}

} // namespace

// A product of polynomials of m and r coefficients is found by evaluating both at t points, multiplying, and
// interpolating. The correlation is the transposed map: `output` evaluates an m-polynomial, transposed; `data`
// interpolates, transposed. Lagrange's denominators go into `filter`, which is applied once to each weight.
WinogradMatrices::WinogradMatrices(int m, int r) {
  const int t = m + r - 1, finite = t - 1;
  if (m < 1 || r < 1 || finite > int(std::size(points)))
    throw std::invalid_argument("no points for F(" + std::to_string(m) + ", " + std::to_string(r) + ")");
  output.assign(m, std::vector<double>(t, 0));
  for (int i = 0; i < finite; ++i) {
    double denominator = 1;
    for (int j = 0; j < finite; ++j)
      if (j != i)
        denominator *= points[i] - points[j];
    std::vector<double> taps = powers(points[i], r);
    for (double &tap : taps)
      tap /= denominator;
    filter.push_back(taps);
    data.push_back(product(finite, i));
    data.back().resize(t, 0);
    const std::vector<double> column = powers(points[i], m);
    for (int row = 0; row < m; ++row)
      output[row][i] = column[row];
  }
  filter.emplace_back(r, 0).back() = 1;
  data.push_back(product(finite, -1));
  output[m - 1][finite] = 1;
}

} // namespace fovea
