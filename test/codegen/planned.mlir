module attributes {cnn.network = "Tiny", cnn.input = {name = "image", shape = [2, 2, 2]}, cnn.target = "x86-64-v3",
                   cnn.parameter_floats = 48 : i64,
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
