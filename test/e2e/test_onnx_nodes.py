"""ONNX's own tests of single nodes (`onnx.backend.test`): of the operations that are imported, all that are on images or
lists of float32 pass, but for those of REFUSED, which are told in one line."""
import warnings

import numpy as np
import onnx
import pytest
from conftest import run
from files import write_safetensors
from onnx import numpy_helper

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # The cases of other operations divide by zero on purpose.
    from onnx.backend.test.case.node import collect_testcases
    ALL = collect_testcases(None)

OPERATIONS = {"Conv", "Gemm", "MatMul", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "LRN",
              "BatchNormalization", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip", "Softmax", "Dropout", "Identity",
              "PRelu", "Cast", "Transpose", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Pad", "Concat", "Add", "Sum", "Sub", "Mul", "Div"}

REFUSED = {
    "dilated windows": {"test_averagepool_2d_dilations", "test_maxpool_2d_dilations"},
    "the batch's own statistics": {"test_batchnorm_example_training_mode", "test_batchnorm_epsilon_training_mode"},
    "joins along another axis": {"test_concat_2d_axis_0", "test_concat_2d_axis_negative_2"},
    "reads the constant": {"test_concat_2d_axis_1", "test_concat_2d_axis_negative_1"},
    "flattens from another axis": {"test_flatten_axis0", "test_flatten_axis2", "test_flatten_axis3",
                                   "test_flatten_negative_axis1", "test_flatten_negative_axis2",
                                   "test_flatten_negative_axis4"},
    "adds 12 numbers to 4 outputs": {"test_gemm_default_matrix_bias"},
    "transA": {"test_gemm_transposeA", "test_gemm_all_attributes"},
    "its output is its input": {"test_identity", "test_unsqueeze_negative_axes", "test_squeeze_negative_axes"},
    "not by a matrix": {"test_matmul_4d", "test_matmul_bcast", "test_matmul_4d_1d"},
    "places of its maxima": {"test_maxpool_with_argmax_2d_precomputed_pads",
                             "test_maxpool_with_argmax_2d_precomputed_strides"},
    "made by a Transpose or a Pad": {"test_constant_pad", "test_constant_pad_axes", "test_constant_pad_negative_axes"},
    "leaves out the axis 0": {"test_squeeze"},
}


def concerns_us(case):
    nodes, inputs = case.model.graph.node, case.data_sets[0][0]
    first = inputs[0] if inputs and isinstance(inputs[0], np.ndarray) else None
    return (len(nodes) == 1 and nodes[0].op_type in OPERATIONS and first is not None and first.dtype == np.float32 and
            first.ndim in (2, 4))


CASES = {case.name: case for case in ALL if concerns_us(case)}


@pytest.mark.parametrize("name", sorted(CASES))
def test_node(fovea, tmp_path, name):
    case = CASES[name]
    inputs, outputs = case.data_sets[0]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for value, tensor in list(zip(model.graph.input, inputs))[1:]:  # Weights: the test hands them in.
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(tensor), value.name))
    del model.graph.input[1:]
    onnx.save(model, tmp_path / "n.onnx")

    result = run(fovea, "import", tmp_path / "n.onnx", check=False)
    reason = next((reason for reason, names in REFUSED.items() if name in names), None)
    if reason:
        assert result.returncode == 1 and reason in result.stderr and result.stderr.count("\n") == 1, result.stderr
        return
    assert result.returncode == 0, result.stderr
    run(fovea, "compile", tmp_path / "n.net", "--inference", "-o", tmp_path / "n")
    np.save(tmp_path / "x.npy", inputs[0])
    if not (tmp_path / "n.safetensors").exists():
        write_safetensors(tmp_path / "n.safetensors", {})
    run(tmp_path / "n", "predict", "--weights", tmp_path / "n.safetensors", "--input", tmp_path / "x.npy", "--output",
        tmp_path / "y.npy")
    actual = np.load(tmp_path / "y.npy")
    assert actual.size == outputs[0].size
    # ONNX's own tolerance: some cases are given to four digits.
    np.testing.assert_allclose(actual.reshape(outputs[0].shape), outputs[0], rtol=1e-3, atol=1e-5)


def test_there_are_cases():
    refused = set().union(*REFUSED.values())
    assert refused <= CASES.keys() and len(CASES) - len(refused) >= 50
