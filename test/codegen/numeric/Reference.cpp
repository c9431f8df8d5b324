#include "test/codegen/numeric/Reference.h"

#include <stdexcept>

namespace fovea::test {

double numberOf(const OpSpec &op, const std::string &name, double otherwise) {
  auto found = op.attributes.find(name);
  if (found == op.attributes.end())
    return otherwise;
  if (auto *whole = std::get_if<int64_t>(&found->second))
    return double(*whole);
  return std::get<double>(found->second);
}

std::vector<int64_t> listOf(const OpSpec &op, const std::string &name, std::vector<int64_t> otherwise) {
  auto found = op.attributes.find(name);
  return found == op.attributes.end() ? otherwise : std::get<std::vector<int64_t>>(found->second);
}

std::vector<Array> reference(const OpSpec &op, const std::vector<Array> &operands) {
  ReferenceOp compute = windowReference(op.op);
  if (!compute)
    compute = normalizationReference(op.op);
  if (!compute)
    compute = elementReference(op.op);
  if (!compute)
    throw std::invalid_argument("no reference for " + op.op);
  return compute(op, operands);
}

std::vector<Array> reference(const KernelSpec &kernel, const std::vector<Array> &inputs) {
  std::vector<Array> values = inputs, results;
  for (const OpSpec &op : kernel.ops) {
    std::vector<Array> operands;
    for (int operand : op.operands)
      operands.push_back(values.at(operand));
    results = reference(op, operands);
    values.insert(values.end(), results.begin(), results.end());
  }
  return results;
}

} // namespace fovea::test
