#ifndef FOVEA_IR_OPS_BATCHNORM_TD
#define FOVEA_IR_OPS_BATCHNORM_TD

include "ir/CnnBase.td"

def BatchNormOp : Cnn_InferredOp<"batch_norm", [CountsFlops, Differentiable]> {
  let summary = "weight[c] * (x - mean[c]) / sqrt(variance[c] + epsilon) + bias[c], per channel";
  let description = [{
    Ioffe and Szegedy 2015. With scalars (training), mean and variance are the `batch_statistics` of x itself, and the
    gradient of x includes what goes through them; without (inference), they are running averages, which have none.
  }];
  let arguments = (ins Cnn_Activation:$x, Cnn_Channels:$weight, Cnn_Channels:$bias, Cnn_Channels:$mean,
                       Cnn_Channels:$variance, Optional<Cnn_Scalars>:$scalars,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Cnn_Activation:$y);
  let hasVerifier = 1;
}

def BatchNormCoefficientOp : Cnn_InferredOp<"batch_norm_coefficient", [CountsFlops]> {
  let summary = "what a batch normalization multiplies a channel by: weight / sqrt(variance + epsilon)";
  let arguments = (ins Cnn_Channels:$weight, Cnn_Channels:$variance, DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Cnn_Channels:$coefficient);
}

def BatchNormOffsetOp : Cnn_InferredOp<"batch_norm_offset", [CountsFlops]> {
  let summary = "what a batch normalization then adds: bias - mean * coefficient";
  let arguments = (ins Cnn_Channels:$bias, Cnn_Channels:$mean, Cnn_Channels:$coefficient);
  let results = (outs Cnn_Channels:$offset);
}

def BatchStatisticsOp : Cnn_InferredOp<"batch_statistics", [CountsFlops]> {
  let summary = "mean and biased variance of each channel over the first scalars[4] images";
  let arguments = (ins Cnn_Activation:$x, Cnn_Scalars:$scalars);
  let results = (outs Cnn_Channels:$mean, Cnn_Channels:$variance);
}

def BatchNormSumsOp : Cnn_InferredOp<"batch_norm_sums", [CountsFlops]> {
  let summary = "gradients of a batch normalization's weight and bias";
  let description = "dweight: the sum of dy * (x - mean) / sqrt(variance + epsilon) of a channel; dbias: that of dy.";
  let arguments = (ins Cnn_Activation:$x, Cnn_Activation:$dy, Cnn_Channels:$mean, Cnn_Channels:$variance,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Cnn_Channels:$dweight, Cnn_Channels:$dbias);
}

def BatchNormInputGradientOp : Cnn_InferredOp<"batch_norm_input_gradient", [CountsFlops]> {
  let summary = "gradient of a batch normalization's input in training, through the statistics too";
  let description = [{
    weight * s * (dy - dbias / m - (x - mean) * s * dweight / m) with s = 1 / sqrt(variance + epsilon) and m the elements
    of a channel in the first scalars[4] images; 0 in the images after these.
  }];
  let arguments = (ins Cnn_Activation:$x, Cnn_Activation:$dy, Cnn_Channels:$weight, Cnn_Channels:$mean,
                       Cnn_Channels:$variance, Cnn_Channels:$dweight, Cnn_Channels:$dbias, Cnn_Scalars:$scalars,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Cnn_Activation:$dx);
}

def RunningStatisticsOp : Cnn_InferredOp<"running_statistics", [CountsFlops]> {
  let summary = "what this batch gives to running averages: its mean and unbiased variance";
  let description = [{
    The variance times m / (m - 1), where m = pixels * scalars[4]; both times scalars[3] * scalars[4], the share that this
    batch has of all images of the update, so that the sum over the update's batches is their mean.
  }];
  let arguments = (ins Cnn_Channels:$mean, Cnn_Channels:$variance, Cnn_Scalars:$scalars, I64Attr:$pixels);
  let results = (outs Cnn_Channels:$batch_mean, Cnn_Channels:$batch_variance);
  let hasVerifier = 1;
}

def AverageUpdateOp : Cnn_InferredOp<"average_update", [CountsFlops]> {
  let summary = "one step of a running average: running + momentum * (statistic - running)";
  let arguments = (ins Cnn_Channels:$running, Cnn_Channels:$statistic, F32Attr:$momentum);
  let results = (outs Cnn_Channels:$result);
}

#endif
