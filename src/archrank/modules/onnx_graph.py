"""The graph of an ONNX file, which is read as data: nothing of it is executed."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from archrank.errors import ArchrankError, ParseError, TraceError
from archrank.graph import Graph
from archrank.modules.events import Event, cell_of
from archrank.modules.onnx_call import Value
from archrank.modules.onnx_operations import describe_node
from archrank.modules.operation import Held
from archrank.system.foreign import in_one_line, shown
from archrank.system.literals import read_literal

__all__ = ["read_onnx"]


def read_onnx(path: Path, examples: Sequence[tuple[int, ...]] = ()) -> Graph:
    """The graph of an ONNX file, with the kinds of operations that :func:`archrank.trace` gives those of a module.

    Args:
        path: The file; large weights may lie beside it, and are not read.
        examples: Shapes of the inputs, where the file leaves them open; without them, an open first dimension is one
            input.

    Raises:
        TraceError: The file is missing, truncated or no ONNX file, refers to a file outside its folder, leaves the
            shape of an input open, or has control flow.
    """
    model = _model(path)
    try:
        return _graph(path, model, examples)
    except ArchrankError:
        raise
    except (Exception, RecursionError) as error:  # nodes that no exporter writes
        raise TraceError(
            f"{path} is damaged: its operators do not fit together ({in_one_line(error, 100) or type(error).__name__})"
        ) from error


def _graph(path: Path, model: Any, examples: Sequence[tuple[int, ...]]) -> Graph:
    names = _fill_inputs(path, model, examples)
    shapes = _shapes(path, model)
    values: dict[str, Value] = {}
    for tensor in model.graph.initializer:
        _check_location(path, tensor)
        trained = int(tensor.data_type in (1, 10, 11, 16))
        held = Held(bool(trained), trained * _count(tensor.dims))
        values[tensor.name] = Value(tuple(tensor.dims), held=held, tensor=tensor)
    for junction, name in enumerate(names):
        values[name] = Value(shapes[name], junction=junction)
    batch = next((shapes[name][0] for name in names if shapes[name]), 1)
    uses = Counter(name for node in model.graph.node for name in node.input)
    uses.update(output.name for output in model.graph.output)
    reader = _Reader(values, shapes, len(names), max(1, batch), uses)
    for node in model.graph.node:
        if any(a.type in (5, 10) for a in node.attribute):  # a graph, or several
            raise TraceError(f"{path}: the operator {node.op_type} is control flow, which depends on numbers")
        reader.read(node)
    missing = [o.name for o in model.graph.output if o.name not in values]
    if missing or not model.graph.output:
        what = f"nothing computes its output {missing[0]!r}" if missing else "it has no outputs"
        raise TraceError(f"{path}: {what}; the file is damaged")
    outputs = [reader.junction(values[o.name]) for o in model.graph.output]
    return Graph((cell_of(len(names), reader.events, outputs),))


_MOST_NODES = 1_000_000


class _Reader:
    """The record of the nodes that were read."""

    def __init__(
        self,
        values: dict[str, Value],
        shapes: dict[str, tuple[int, ...]],
        inputs: int,
        batch: int,
        uses: Mapping[str, int],
    ) -> None:
        self.events: list[Event] = []
        self._values, self._shapes, self._batch, self._uses = values, shapes, batch, uses
        self._without_bias: dict[str, Event] = {}
        self._junctions = inputs
        self._data = set(range(inputs))
        self._path: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def read(self, node: Any) -> None:
        """Record a node."""
        self._path = _path_of(node)
        if node.op_type == "Add" and self._is_bias(node):
            return
        given = [self._values.get(name) if name else None for name in node.input]
        shapes = [self._shapes.get(name) for name in node.output]
        operation = describe_node(node, given, shapes, self._batch)
        if isinstance(operation, Value):
            self._values[node.output[0]] = operation
            return
        sources = tuple([self.junction(value) for value in operation.sources])
        held = [value.held for value in operation.weights if value.held is not None]
        shape = shapes[0] or ()
        if not self._data.isdisjoint(sources) and shape[:1] == (self._batch,):
            shape = shape[1:]
        work = operation.multiply_adds // self._batch
        targets = self._add(
            operation.kind,
            operation.attributes,
            sources,
            held,
            shape,
            work,
            len(node.output),
            operation.ordered,
        )
        for name, output, target in zip(node.output, shapes, targets, strict=True):
            self._values[name] = Value(output, junction=target)
        if (
            operation.kind == "linear"
            and "bias" not in operation.attributes
            and self._uses[node.output[0]] == 1
        ):
            self._without_bias[node.output[0]] = self.events[-1]

    def _is_bias(self, node: Any) -> bool:
        """Whether an addition is the second half of a linear layer, as PyTorch writes them."""
        for product, weight in (node.input, node.input[::-1]):
            event, bias = self._without_bias.get(product), self._values.get(weight)
            if event is None or bias is None or bias.held is None:
                continue
            if bias.shape == (int(event.attributes["out_channels"]),):
                event.attributes["bias"] = 1.0
                event.held.append(bias.held)
                self._values[node.output[0]] = self._values[product]
                return True
        return False

    def junction(self, value: Value) -> int:
        """Where a value comes from; a weight that is used directly becomes a node."""
        if value.junction is None:
            assert value.held is not None
            sizes = {f"size{i}": float(size) for i, size in enumerate(value.shape or ())}
            kind = "parameter" if value.held.is_parameter else "constant"
            (value.junction,) = self._add(kind, sizes, (), [value.held], value.shape or (), 0, 1, True)
        return value.junction

    def _add(
        self, kind: str, attributes: dict[str, float], sources: tuple[int, ...], held: list[Held],
        shape: tuple[int, ...], work: int, count: int, ordered: bool,
    ) -> tuple[int, ...]:  # fmt: skip
        targets = tuple(range(self._junctions, self._junctions + count))
        self._junctions += count
        if not self._data.isdisjoint(sources):
            self._data.update(targets)
        self.events.append(Event(kind, attributes, sources, targets, ordered, held, *self._path, shape, work))
        return targets


def _model(path: Path) -> Any:
    import onnx

    try:
        model = onnx.load(os.fspath(path), load_external_data=False)
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {in_one_line(error)}") from None
    except Exception as error:  # that of whichever protobuf library is there
        raise TraceError(f"{path} is truncated or no ONNX file: {in_one_line(error)}") from None
    if not model.graph.node and not model.graph.output:
        raise TraceError(f"{path} is truncated or no ONNX file: it holds no network")
    _check_functions(path, model)
    return model


def _check_functions(path: Path, model: Any) -> None:
    """Refuse functions that call each other without end, or until what they stand for is far too large."""
    functions = {(function.domain, function.name): function for function in model.functions}
    sizes: dict[tuple[str, str], float] = {}

    def size(nodes: Any, within: tuple[tuple[str, str], ...]) -> float:
        total = 0.0
        for node in nodes:
            called = (node.domain, node.op_type)
            if called in within:
                raise TraceError(f"{path} is damaged: the function {shown(node.op_type)} calls itself")
            if called in functions and called not in sizes:
                sizes[called] = size(functions[called].node, (*within, called))
            total += 1 + sizes.get(called, 0.0)
        return total

    if (whole := size(model.graph.node, ())) > _MOST_NODES:
        raise TraceError(f"{path} stands for {whole:.3g} operators, more than {_MOST_NODES:,}")


def _check_location(path: Path, tensor: Any) -> None:
    """Refuse weights in files elsewhere, although they are not read."""
    if tensor.data_location != 1:
        return
    places = {entry.key: entry.value for entry in tensor.external_data}
    location, folder = places.get("location", ""), path.resolve().parent
    if not (folder / location).resolve().is_relative_to(folder) or Path(location).is_absolute():
        raise TraceError(
            f"{path}: the weights {shown(tensor.name)} are in {shown(location)}, outside its folder"
        )


def _fill_inputs(path: Path, model: Any, examples: Sequence[tuple[int, ...]]) -> list[str]:
    """The names of the inputs; open dimensions get the sizes of the examples."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if examples and len(examples) != len(inputs):
        raise TraceError(f"{path} has {len(inputs)} inputs, but {len(examples)} examples were given")
    for place, value in enumerate(inputs):
        dims = value.type.tensor_type.shape.dim
        if examples and len(examples[place]) != len(dims):
            raise TraceError(
                f"{path}: the input {value.name!r} has {len(dims)} dimensions, not {len(examples[place])}"
            )
        for i, dim in enumerate(dims):
            if examples:
                size = examples[place][i]
                if dim.HasField("dim_value") and dim.dim_value != size:
                    raise TraceError(
                        f"{path}: dimension {i} of the input {value.name!r} is {dim.dim_value}, not {size}"
                    )
                dim.dim_value = size
            elif not dim.HasField("dim_value") and i == 0:
                dim.dim_value = 1
            elif not dim.HasField("dim_value"):
                raise TraceError(
                    f"{path}: the file leaves dimension {i} of the input {value.name!r} open; give an example's shape"
                )
    is_open = any(d.dim_param for o in model.graph.output for d in o.type.tensor_type.shape.dim)
    if examples or is_open:
        # What was inferred before does not hold any more.
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        del model.graph.value_info[:]
    return [value.name for value in inputs]


def _shapes(path: Path, model: Any) -> dict[str, tuple[int, ...]]:
    import onnx

    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception as error:
        raise TraceError(
            f"{path}: the shapes do not fit, or the file is damaged: {in_one_line(error)}"
        ) from None
    shapes = {}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(d.HasField("dim_value") for d in dims):
            shapes[value.name] = tuple(d.dim_value for d in dims)
    return shapes


def _path_of(node: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules that PyTorch's exporters say a node belongs to."""
    noted = {entry.key: entry.value for entry in node.metadata_props}
    try:
        scopes = read_literal(noted.get("pkg.torch.onnx.name_scopes", "[]"))
        kinds = read_literal(noted.get("pkg.torch.onnx.class_hierarchy", "[]"))
    except ParseError:
        return (), ()
    if not isinstance(scopes, list) or not isinstance(kinds, list) or len(scopes) != len(kinds):
        return (), ()
    # The root has no name, and the last one is the operator.
    names = [str(scope) for scope in scopes[1:-1]]
    relative = tuple(_relative(names))
    return relative, tuple(str(kind).rpartition(".")[2] for kind in kinds[1:-1])


def _relative(names: Sequence[str]) -> Iterator[str]:
    outer = ""
    for name in names:
        yield name.removeprefix(f"{outer}.") if outer else name
        outer = name


def _count(dims: Sequence[int]) -> int:
    count = 1
    for size in dims:
        count *= size
    return count
