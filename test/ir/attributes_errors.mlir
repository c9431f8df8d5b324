// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{channels_last layout needs a positive block, not 0}}
func.func private @f(tensor<2x3xf32, #cnn.layout<channels_last, 0>>)

// -----

// expected-error @+1 {{local_weight layout is for [O,OH,OW,I,KH,KW], not 2x3}}
func.func private @f(tensor<2x3xf32, #cnn.layout<local_weight, 4>>)

// -----

// expected-error @+1 {{vector layout has no extents after its block, but [1, 1, 1] is given}}
func.func private @f(tensor<3xf32, #cnn.layout<vector, 8, 1, 1, 1>>)

// -----

// expected-error @+1 {{weight layout takes three positive extents after its block, channels, height and width, not [3, 1]}}
func.func private @f(tensor<2x3xf32, #cnn.layout<weight, 8, 3, 1>>)

// -----

// expected-error @+1 {{channels_last layout is for [N,K], [N,C,H,W] and [C,H,W], not 3}}
func.func private @f(tensor<3xf32, #cnn.layout<channels_last, 8>>)

// -----

// expected-error @+1 {{channels_last layout pads to 8, fewer than the 9 channels of 2x9}}
func.func private @f(tensor<2x9xf32, #cnn.layout<channels_last, 8>>)

// -----

// expected-error @+1 {{vector layout is for [C], not 2x3}}
func.func private @f(tensor<2x3xf32, #cnn.layout<vector, 8>>)

// -----

// expected-error @+1 {{vector layout pads to 8, fewer than the 9 channels of 9}}
func.func private @f(tensor<9xf32, #cnn.layout<vector, 8>>)

// -----

// expected-error @+1 {{weight layout of 4x3x5x5 cannot view it as 4x3x5x6}}
func.func private @f(tensor<4x3x5x5xf32, #cnn.layout<weight, 8, 3, 5, 6>>)

// -----

// expected-error @+1 {{weight_transposed layout is for [O,K] and [O,I,KH,KW], not 3}}
func.func private @f(tensor<3xf32, #cnn.layout<weight_transposed, 8>>)

// -----

// expected-error @+1 {{weight layout of 10x48 must give channels, height and width with a product of 48, not [3, 4, 5]}}
func.func private @f(tensor<10x48xf32, #cnn.layout<weight, 8, 3, 4, 5>>)

// -----

// expected-error @+1 {{weight layout of 10x48 must give channels, height and width with a product of 48, not []}}
func.func private @f(tensor<10x48xf32, #cnn.layout<weight, 8>>)

// -----

// expected-error @+1 {{offset in parameters must be 0 or more, not -4}}
func.func private @f() attributes {place = #cnn.place<parameters, -4>}

// -----

// expected-error @+1 {{offset in the arena must be a multiple of 64 bytes, not 65}}
func.func private @f() attributes {place = #cnn.place<arena, 65>}

// -----

// expected-error @+1 {{labels holds a single tensor: the offset must be 0, not 64}}
func.func private @f() attributes {place = #cnn.place<labels, 64>}

// -----

// expected-error @+1 {{cnn.layer must be a string, the layer's name}}
func.func private @f() attributes {cnn.layer = 1}

// -----

// expected-error @+1 {{cnn.kind must be "infer", "step", "train", "update" or "prepare", not "predict"}}
func.func private @f() attributes {cnn.kind = "predict"}

// -----

// expected-error @+1 {{cnn.batch must be a positive integer, not 0 : i64}}
func.func private @f() attributes {cnn.batch = 0}
