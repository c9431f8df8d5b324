#include "codegen/algorithms/Algorithms.h"

#include <stdexcept>

namespace fovea {

#define ALGORITHM(name) Stage name(const OpSpec &op, const std::vector<Tensor> &operands)
ALGORITHM(conv2d);
ALGORITHM(conv2dInputGradient);
ALGORITHM(conv2dWeightGradient);
ALGORITHM(transposeWeight);
ALGORITHM(winogradWeight);
ALGORITHM(winogradConv2d);
ALGORITHM(winogradInputGradient);
ALGORITHM(winogradWeightGradient);
ALGORITHM(local);
ALGORITHM(localInputGradient);
ALGORITHM(localWeightGradient);
ALGORITHM(localBiasGradient);
ALGORITHM(dense);
ALGORITHM(denseInputGradient);
ALGORITHM(denseWeightGradient);
ALGORITHM(biasGradient);
ALGORITHM(maxPool);
ALGORITHM(maxPoolIndices);
ALGORITHM(maxPoolGradient);
ALGORITHM(avgPool);
ALGORITHM(avgPoolGradient);
ALGORITHM(lrn);
ALGORITHM(lrnGradient);
ALGORITHM(batchNorm);
ALGORITHM(batchNormCoefficient);
ALGORITHM(batchNormOffset);
ALGORITHM(batchStatistics);
ALGORITHM(batchNormSums);
ALGORITHM(batchNormInputGradient);
ALGORITHM(runningStatistics);
ALGORITHM(averageUpdate);
ALGORITHM(dropout);
ALGORITHM(relu);
ALGORITHM(tanhOp);
ALGORITHM(sigmoidOp);
ALGORITHM(softmaxOp);
ALGORITHM(reluGradient);
ALGORITHM(tanhGradient);
ALGORITHM(sigmoidGradient);
ALGORITHM(softmaxGradient);
ALGORITHM(add);
ALGORITHM(mul);
ALGORITHM(scaleOp);
ALGORITHM(scaleCoefficientGradient);
ALGORITHM(scaleFilters);
ALGORITHM(scaleBias);
ALGORITHM(narrow);
ALGORITHM(relayout);
ALGORITHM(concat);
ALGORITHM(channelShuffle);
ALGORITHM(slice);
ALGORITHM(flatten);
ALGORITHM(unflatten);
ALGORITHM(rbf);
ALGORITHM(rbfInputGradient);
ALGORITHM(rbfMapLoss);
ALGORITHM(rbfMapLossGradient);
ALGORITHM(softmaxCrossEntropy);
ALGORITHM(softmaxCrossEntropyGradient);
ALGORITHM(sgdUpdate);
#undef ALGORITHM

Algorithm algorithmNamed(const std::string &op) {
  static const std::map<std::string, Algorithm> algorithms = {
      {"conv2d", conv2d},
      {"conv2d_input_gradient", conv2dInputGradient},
      {"conv2d_weight_gradient", conv2dWeightGradient},
      {"transpose_weight", transposeWeight},
      {"winograd_weight", winogradWeight},
      {"winograd_conv2d", winogradConv2d},
      {"winograd_input_gradient", winogradInputGradient},
      {"winograd_weight_gradient", winogradWeightGradient},
      {"local", local},
      {"local_input_gradient", localInputGradient},
      {"local_weight_gradient", localWeightGradient},
      {"local_bias_gradient", localBiasGradient},
      {"dense", dense},
      {"dense_input_gradient", denseInputGradient},
      {"dense_weight_gradient", denseWeightGradient},
      {"bias_gradient", biasGradient},
      {"max_pool", maxPool},
      {"max_pool_indices", maxPoolIndices},
      {"max_pool_gradient", maxPoolGradient},
      {"avg_pool", avgPool},
      {"avg_pool_gradient", avgPoolGradient},
      {"lrn", lrn},
      {"lrn_gradient", lrnGradient},
      {"batch_norm", batchNorm},
      {"batch_norm_coefficient", batchNormCoefficient},
      {"batch_norm_offset", batchNormOffset},
      {"batch_statistics", batchStatistics},
      {"batch_norm_sums", batchNormSums},
      {"batch_norm_input_gradient", batchNormInputGradient},
      {"running_statistics", runningStatistics},
      {"average_update", averageUpdate},
      {"dropout", dropout},
      {"relu", relu},
      {"tanh", tanhOp},
      {"sigmoid", sigmoidOp},
      {"softmax", softmaxOp},
      {"relu_gradient", reluGradient},
      {"tanh_gradient", tanhGradient},
      {"sigmoid_gradient", sigmoidGradient},
      {"softmax_gradient", softmaxGradient},
      {"add", add},
      {"mul", mul},
      {"scale", scaleOp},
      {"scale_coefficient_gradient", scaleCoefficientGradient},
      {"scale_filters", scaleFilters},
      {"scale_bias", scaleBias},
      {"narrow", narrow},
      {"relayout", relayout},
      {"concat", concat},
      {"channel_shuffle", channelShuffle},
      {"slice", slice},
      {"flatten", flatten},
      {"unflatten", unflatten},
      {"rbf", rbf},
      {"rbf_input_gradient", rbfInputGradient},
      {"rbf_map_loss", rbfMapLoss},
      {"rbf_map_loss_gradient", rbfMapLossGradient},
      {"softmax_cross_entropy", softmaxCrossEntropy},
      {"softmax_cross_entropy_gradient", softmaxCrossEntropyGradient},
      {"sgd_update", sgdUpdate},
  };
  auto found = algorithms.find(op);
  if (found == algorithms.end())
    throw std::runtime_error("no algorithm for operation '" + op + "'");
  return found->second;
}

} // namespace fovea
