"""The graph of an ONNX file, which is data."""

import logging

import numpy as np
import pytest
import torch
from torch import nn

import archrank as ar
from archrank.errors import TraceError

onnx = pytest.importorskip("onnx")
helper, TensorProto = onnx.helper, onnx.TensorProto


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x):
        return x + self.act(self.conv(x))


def network():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), Residual(), Residual(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5)
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The file of a network, and the network."""
    pytest.importorskip("onnxscript")
    path, module = tmp_path_factory.mktemp("onnx") / "net.onnx", network().eval()
    with torch.random.fork_rng():
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        example = (torch.zeros(1, 3, 14, 14),)
        torch.onnx.export(module, example, path, dynamo=True, verbose=False, external_data=False)
    return path, module


@pytest.mark.filterwarnings("ignore")
def test_a_file_has_the_graph_of_the_module_that_it_came_from(exported):
    path, module = exported
    graph, traced = ar.trace(path), ar.trace(module, (1, 3, 14, 14))
    assert graph.key == traced.key
    for name in ("shape", "parameters", "multiply_adds", "path", "classes"):
        assert [getattr(n, name) for n in graph.cells[0].sites] == [
            getattr(n, name) for n in traced.cells[0].sites
        ]
    assert ar.trace(str(path), (1, 3, 14, 14)) == graph


@pytest.mark.filterwarnings("ignore")
def test_a_truncated_file_is_refused(exported, tmp_path):
    content = exported[0].read_bytes()
    for size in (0, 1, len(content) // 2, len(content) - 1):
        cut = tmp_path / f"cut{size}.onnx"
        cut.write_bytes(content[:size])
        with pytest.raises(TraceError, match=r"cut\d+\.onnx"):
            ar.trace(cut)
    with pytest.raises(TraceError, match="cannot be read"):
        ar.trace(tmp_path / "none.onnx")


def tensor(name, shape, values=None):
    values = np.zeros(shape, np.float32) if values is None else np.asarray(values)
    return onnx.numpy_helper.from_array(values, name)


def saved(tmp_path, nodes, weights=(), shape=("batch", 3, 8, 8), outputs=("y",)):
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        list(weights),
    )
    path = tmp_path / "made.onnx"
    onnx.save(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("house", 1)]
        ),
        path,
    )
    return path


def kinds(graph):
    return [node.operation for node in graph.cells[0].sites]


def test_operators_that_do_not_fit_together_are_refused(tmp_path):
    for nodes in (
        [helper.make_node("Relu", ["nowhere"], ["y"])],
        [helper.make_node("Add", ["x", "y"], ["z"]), helper.make_node("Relu", ["z"], ["y"])],
        [helper.make_node("Conv", ["x"], ["y"])],
        [helper.make_node("Reshape", ["x"], ["y"])],
    ):
        with pytest.raises(TraceError, match=r"made\.onnx.*damaged"):
            ar.trace(saved(tmp_path, nodes))


def test_functions_that_stand_for_far_too_much_are_refused(tmp_path):
    def function(name, called):
        nodes = [helper.make_node(called, [a], [b], domain="house") for a, b in (("a", "b"), ("b", "c"))]
        imports = [helper.make_opsetid("", 18), helper.make_opsetid("house", 1)]
        return helper.make_function("house", name, ["a"], ["c"], nodes, imports)

    def with_functions(functions):
        path = saved(tmp_path, [helper.make_node("f0", ["x"], ["y"], domain="house")])
        model = onnx.load(path)
        model.functions.extend(functions)
        onnx.save(model, path)
        return path

    with pytest.raises(TraceError, match=r"stands for 2.2e\+12 operators"):
        ar.trace(with_functions([function(f"f{i}", f"f{i + 1}") for i in range(40)]))
    with pytest.raises(TraceError, match="the function 'f0' calls itself"):
        ar.trace(with_functions([function("f0", "f1"), function("f1", "f0")]))


def test_an_open_first_dimension_is_one_input_and_others_need_an_example(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    (node,) = ar.trace(saved(tmp_path, nodes)).cells[0].sites
    assert (node.operation, node.shape) == ("relu", (3, 8, 8))
    path = saved(tmp_path, nodes, shape=("batch", 3, "height", "width"))
    with pytest.raises(TraceError, match="leaves dimension 2 of the input 'x' open"):
        ar.trace(path)
    assert ar.trace(path, (2, 3, 5, 6)).cells[0].sites[0].shape == (3, 5, 6)
    with pytest.raises(TraceError, match="dimension 1 of the input 'x' is 3, not 4"):
        ar.trace(path, (2, 4, 5, 6))
    with pytest.raises(TraceError, match="has 1 inputs, but 2 examples"):
        ar.trace(path, (2, 3, 5, 6), (2, 3))


def test_operators_have_the_kinds_of_pytorch(tmp_path):
    weights = [tensor("w", (4, 3)), tensor("half", (), np.float32(0.5)), tensor("two", (1,), np.int64([2]))]
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]),
        helper.make_node("Gemm", ["flat", "w"], ["g"], transB=1),
        helper.make_node("Reshape", ["t", "shape"], ["flat"]),
        helper.make_node("Mul", ["half", "g"], ["m"]),
        helper.make_node("Identity", ["m"], ["i"]),
        helper.make_node("Softmax", ["i"], ["s"], axis=-1),
        helper.make_node("ReduceMean", ["s"], ["r"], keepdims=0),
        helper.make_node("Strange", ["r"], ["y"], domain="house", level=3, mode="odd"),
    ]
    nodes[1], nodes[2] = nodes[2], nodes[1]
    weights.append(tensor("shape", (2,), np.int64([-1, 3])))
    path = saved(tmp_path, nodes, weights)
    found = ar.trace(path).cells[0].sites
    names = ["permute", "reshape", "linear", "mul", "softmax", "mean", "house::strange:odd"]
    assert [node.operation for node in found] == names
    assert dict(found[2].attributes) == {"in_channels": 3, "out_channels": 4}
    assert (found[2].parameters, found[2].multiply_adds) == (12, 8 * 8 * 12)
    assert dict(found[3].attributes) == {"other": 0.5}
    assert dict(found[6].attributes) == {"level": 3}


def test_weights_that_are_used_twice_are_shared(tmp_path):
    def tied(second):
        nodes = [
            helper.make_node("Conv", ["x", "a"], ["h"], pads=[1, 1, 1, 1]),
            helper.make_node("Conv", ["h", second], ["y"], pads=[1, 1, 1, 1]),
        ]
        return ar.trace(saved(tmp_path, nodes, [tensor("a", (3, 3, 3, 3)), tensor("b", (3, 3, 3, 3))]))

    assert tied("a").key != tied("b").key
    assert [node.parameters for node in tied("a").cells[0].sites] == [81, 0]


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "a/../../weights.bin"])
def test_weights_outside_the_folder_are_refused(tmp_path, location):
    weight = tensor("w", (3, 3, 3, 3))
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", location
    path = saved(tmp_path, [helper.make_node("Conv", ["x", "w"], ["y"])], [weight])
    with pytest.raises(TraceError, match="outside its folder"):
        ar.trace(path)
    entry.value = "weights.bin"
    assert kinds(ar.trace(saved(tmp_path, [helper.make_node("Conv", ["x", "w"], ["y"])], [weight]))) == [
        "conv"
    ]


def test_control_flow_and_missing_outputs_are_refused(tmp_path):
    branch = helper.make_graph([], "branch", [], [])
    nodes = [helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)]
    with pytest.raises(TraceError, match="If is control flow"):
        ar.trace(saved(tmp_path, nodes))
    with pytest.raises(TraceError, match="nothing computes its output 'y'"):
        ar.trace(saved(tmp_path, [helper.make_node("Relu", ["x"], ["z"])]))
