// A planned module becomes functions that fill halide_buffer_t structs and call kernels in order.
// RUN: fovea compile %s --from=schedule --emit=llvm | FileCheck %s

// Dimensions are constants {min, extent, stride, flags}, innermost first, shared by equal tensors.
// CHECK-DAG: @dims_{{[0-9]+}} = private constant [20 x i32] [i32 0, i32 4, i32 1, i32 0, i32 0, i32 2, i32 4, i32 0, i32 0, i32 2, i32 8, i32 0, i32 0, i32 2, i32 16, i32 0, i32 0, i32 1, i32 32, i32 0]
// CHECK-DAG: @dims_{{[0-9]+}} = private constant [16 x i32] [i32 0, i32 8, i32 1, i32 0, i32 0, i32 2, i32 8, i32 0, i32 0, i32 2, i32 16, i32 0, i32 0, i32 1, i32 32, i32 0]

// The metadata says how parameters are packed.
// CHECK: c"{\22abi\22:4
// CHECK-SAME: \22arena_bytes\22:192,\22batch\22:1,\22kernels\22:[{\22bytes\22:160,\22flops\22:0,\22name\22:\22image: relayout\22}
// CHECK-SAME: \22network\22:\22Tiny\22
// CHECK-SAME: \22block\22:4,\22count\22:24,\22decay_mult\22:1.0,\22init\22:{\22kind\22:\22xavier\22},\22layout\22:\22weight\22,\22lr_mult\22:1.0,\22name\22:\22fc.weight\22,\22offset\22:0,\22pack\22:[3,2,2,2],\22shape\22:[3,8],\22size\22:32,\22trainable\22:true
// CHECK-SAME: \22init\22:{\22kind\22:\22constant\22,\22value\22:0.1},\22layout\22:\22vector\22
// CHECK-SAME: \22recipe\22:{\22batch\22:1
// CHECK: @fovea_main_program = constant { ptr, i64, ptr, i32, i32, ptr, ptr, ptr, ptr } { ptr @fovea_fovea_main_metadata, i64 {{[0-9]+}}, ptr @fovea_fovea_main_functions, i32 1, i32 4, ptr @fovea_fovea_main_target, ptr @fovea_fovea_main_needs, ptr null, ptr null }

// CHECK: define internal i32 @fovea_fovea_main_fn_0(ptr %[[SLOTS:.*]])
// CHECK: %[[ARENA:.*]] = load ptr, ptr %[[SLOTS]], align 8
// CHECK: alloca { i64, ptr, ptr, i64, i32, i32, ptr, ptr }, i64 4
// CHECK: %[[FAILED:.*]] = call i32 @fovea_k_[[RELAYOUT:[0-9a-f]+]](ptr %{{.*}}, ptr %{{.*}})
// CHECK: icmp ne i32 %[[FAILED]], 0
// CHECK: call void @fovea_profile(ptr %{{.*}}, i32 0)
// Parameters' offsets count floats, the arena's bytes: both are 128 bytes in.
// CHECK: getelementptr i8, ptr %{{.*}}, i64 128
// CHECK: getelementptr i8, ptr %[[ARENA]], i64 128
// CHECK: call i32 @fovea_k_{{[0-9a-f]+}}(ptr %{{.*}}, ptr %{{.*}}, ptr %{{.*}}, ptr %{{.*}})
// CHECK: call void @fovea_profile(ptr %{{.*}}, i32 1)
// CHECK: ret i32 0
// CHECK: %[[CODE:.*]] = phi i32
// CHECK-NEXT: ret i32 %[[CODE]]

module attributes {cnn.network = "Tiny", cnn.input = {name = "image", shape = [2, 2, 2]}, cnn.target = "x86-64-v3",
                   cnn.parameter_floats = 48 : i64, cnn.gradient_floats = 48 : i64,
                   cnn.layers = [{name = "fc", op = "dense", output = [3], parameters = 27, connections = 27, macs = 24}],
                   cnn.recipe = {batch = 1 : i64, optimizer = {kind = "sgd", lr = 0.1 : f32}}} {
  cnn.parameter @fc.weight : tensor<3x8xf32, #cnn.layout<weight, 4, 2, 2, 2>> {init = {kind = "xavier"}, offset = 0 : i64}
  cnn.parameter @fc.bias : tensor<3xf32, #cnn.layout<vector, 4>> {init = {kind = "constant", value = 0.1 : f32}, offset = 32 : i64}
  func.func @infer_b1(%image: tensor<1x2x2x2xf32>) -> tensor<1x3xf32> attributes {cnn.kind = "infer", cnn.batch = 1 : i64, cnn.arena_bytes = 192 : i64} {
    %w = cnn.load @fc.weight {block = "value"} : tensor<3x8xf32, #cnn.layout<weight, 4, 2, 2, 2>>
    %b = cnn.load @fc.bias {block = "value"} : tensor<3xf32, #cnn.layout<vector, 4>>
    %x = cnn.kernel "image: relayout" (%a = %image) {places = [#cnn.place<input, 0>, #cnn.place<arena, 0>], schedule = {}}
        : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32, #cnn.layout<channels_last, 8>> {
      %0 = cnn.relayout %a : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32, #cnn.layout<channels_last, 8>>
      cnn.yield %0 : tensor<1x2x2x2xf32, #cnn.layout<channels_last, 8>>
    }
    %y = cnn.kernel "fc: dense" (%a = %x, %k = %w, %c = %b)
        {places = [#cnn.place<arena, 0>, #cnn.place<parameters, 0>, #cnn.place<parameters, 32>, #cnn.place<arena, 128>], schedule = {}}
        : (tensor<1x2x2x2xf32, #cnn.layout<channels_last, 8>>, tensor<3x8xf32, #cnn.layout<weight, 4, 2, 2, 2>>, tensor<3xf32, #cnn.layout<vector, 4>>)
        -> tensor<1x3xf32, #cnn.layout<channels_last, 4>> {
      %0 = cnn.dense %a, %k, %c : (tensor<1x2x2x2xf32, #cnn.layout<channels_last, 8>>, tensor<3x8xf32, #cnn.layout<weight, 4, 2, 2, 2>>, tensor<3xf32, #cnn.layout<vector, 4>>) -> tensor<1x3xf32, #cnn.layout<channels_last, 4>>
      cnn.yield %0 : tensor<1x3xf32, #cnn.layout<channels_last, 4>>
    }
    %z = cnn.kernel "fc: relayout" (%a = %y) {places = [#cnn.place<arena, 128>, #cnn.place<output, 0>], schedule = {}}
        : (tensor<1x3xf32, #cnn.layout<channels_last, 4>>) -> tensor<1x3xf32> {
      %0 = cnn.relayout %a : (tensor<1x3xf32, #cnn.layout<channels_last, 4>>) -> tensor<1x3xf32>
      cnn.yield %0 : tensor<1x3xf32>
    }
    return %z : tensor<1x3xf32>
  }
}
