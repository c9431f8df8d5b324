// Sums of a convolution or dense layer of bf16 by AMX's tiles: what kernels call for them (codegen/schedules/cpu/Amx.cpp).
//
// A tile register holds 16 rows of 64 bytes. tdpbf16ps multiplies 16 pixels of 32 channels with 32 inputs of 16 outputs
// and adds the products to 16 x 16 sums: 8,192 multiply-adds in 16 cycles, 16 times what AVX-512 does in f32. (Intel 64
// and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.)
#pragma once

#include "runtime/HalideBuffer.h"

extern "C" {

/// The sums over kernel and input channels of a convolution, without bias, for every element of `sums`, f32 of (channel,
/// column, row, image): a number of channels that 16 divides, in blocks of 16 that lie in one group. `beforeX` and `beforeY`
/// are the columns and rows of padding in front of the image.
///
/// `image` is bf16 of (channel, column, row, image), with `channels`, where pixels outside of the image exist and are zero,
/// or of (input, image) for a dense layer. `weight` is bf16 of (output of a block and pair, pair of inputs, column, row,
/// block), its blocks a multiple of 16 outputs. Where `image` has no memory, Halide asks which part of it is read: that is
/// written to its dimensions. Always returns 0, which tells Halide that all went well.
int fovea_amx_sums(fovea::HalideBuffer *image, fovea::HalideBuffer *weight, int32_t strideX, int32_t strideY,
                   int32_t dilationX, int32_t dilationY, int32_t beforeX, int32_t beforeY, int32_t channels,
                   int32_t outputsOfGroup, int32_t inputsOfGroup, fovea::HalideBuffer *sums);
}
