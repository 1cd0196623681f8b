"""Modules with choices as search spaces."""

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import nn

from archrank.architecture import Architecture
from archrank.chooser import Chooser, Given, Record
from archrank.errors import EvaluationError, InvalidArchitecture, SpaceError, TraceError
from archrank.graph import Graph
from archrank.modules.builder import latency_text, name_of, takes_argument
from archrank.modules.chosen import with_choices
from archrank.modules.code_lines import line_before
from archrank.modules.copied import CopiedCode, copied_code
from archrank.modules.example import arguments_of, in_shape
from archrank.modules.latency import measure_latency
from archrank.modules.loop import TrainedModules
from archrank.modules.nested import tensors_in
from archrank.modules.outline import in_outline
from archrank.modules.source import source_of
from archrank.modules.splicing import traced_in_parts
from archrank.modules.sums import merge_sums
from archrank.modules.tracing import trace_call
from archrank.network_features import KNOWN, known_values
from archrank.open_space import OpenSpace
from archrank.system.arguments import checked_whole
from archrank.system.foreign import in_one_line, shown

__all__ = ["ModuleSpace"]

_UNFIT = (RuntimeError, ValueError, IndexError, AssertionError, ZeroDivisionError, ArithmeticError)
"""What PyTorch and networks raise where shapes do not fit; anything else is a mistake in the code."""

_KEPT = 20_000
"""Graphs that are remembered."""

_LATENCY = "latency_ms"

_TRIED = 4
"""Further networks in which choices are changed, to see whether each of them changes some network."""


class ModuleSpace(OpenSpace):
    """A search space of the networks that a function or class with choices can build.

    Either the code calls a chooser, inside ordinary Python (define-by-run); or choices take the place of modules
    (:func:`~archrank.choice`, :func:`~archrank.repeat`) and are named by their paths. Both may be mixed.

    Networks are built without memory for their weights and traced (:func:`~archrank.trace`). Choices that lead to
    shapes that do not fit are invalid. Equal traces are the same architecture, unless they differ in a
    choice that is marked with ``training=True``.

    In a search over such a space, the evaluator is a training loop that gets the network: ``train(module)`` or
    ``train(module, report)``, see :class:`~archrank.Report`.

    Args:
        net: A function or class that takes a chooser and returns a ``torch.nn.Module``, or a module class with placed
            choices that takes no argument. The same choices must build the same network.
        example: The input of the network: a tensor or its shape; a mapping of named inputs; or a tuple of positional
            inputs, whose last part may be a mapping of named ones. A network whose single input is a mapping gets
            ``(mapping, {})``. The first dimension of the first tensor is the batch.
        name: The space's name; that of ``net`` for None.
        latency: The function that measures ``latency_ms`` before a training run, if the search has a bound on it or
            an objective. It takes the network and the example, and returns milliseconds or a
            :class:`~archrank.Latency`. For another device: ``functools.partial(ar.measure_latency, device="cuda")``.

    Raises:
        SpaceError: No network can be built, the network is random, or the code cannot be read.
        TraceError: The network cannot be traced.

    >>> from torch import nn
    >>> def net(choose):
    ...     width = choose("width", [8, 16, 32])
    ...     layers = [nn.Linear(4, width)]
    ...     for i in range(choose.integer("depth", 0, 2)):
    ...         layers += [choose(f"act {i}", {"relu": nn.ReLU, "tanh": nn.Tanh})(), nn.Linear(width, width)]
    ...     return nn.Sequential(*layers, nn.Linear(width, 2))
    >>> space = ModuleSpace(net, (1, 4))
    >>> space.build(space.parse('{"width": 8, "depth": 0}'))
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): Linear(in_features=8, out_features=2, bias=True)
    )
    """

    def __init__(
        self,
        net: Callable[..., nn.Module],
        example: Any,
        *,
        name: str | None = None,
        latency: Callable[[nn.Module, Any], Any] = measure_latency,
    ) -> None:
        if isinstance(net, nn.Module):
            raise SpaceError(
                f"ModuleSpace was given a {type(net).__name__} that is built already; give the class, or a function "
                "that builds it, so that every architecture is built anew"
            )
        if not callable(net):
            raise SpaceError(
                f"ModuleSpace was given {shown(net)}; expected a function or a class that builds a network, itself and "
                "not its name"
            )
        found = name or name_of(net)
        if not isinstance(found, str) or not found.strip():
            raise SpaceError(f"the space is named {shown(name)}; expected a text that is not empty")
        super().__init__(found)
        self.net = net
        self.example = in_shape(arguments_of(example))
        self._latency, self._latencies = latency, dict[Any, float]()
        self._source = source_of(net) + latency_text(latency)
        self._takes_chooser = takes_argument(net)
        self._in_outline = True
        self._graphs: dict[Architecture, Graph] = {}
        self._weights: WeakValueDictionary[int, nn.Parameter] = WeakValueDictionary()
        self._code: CopiedCode | None = None
        self._rebuilt_because: str | None = None
        self._lowered = 0
        self._check()
        self._read_code()

    @property
    def rebuilt_because(self) -> str | None:
        """Why every network is built and traced anew; None where parts that were seen before are used again."""
        return self._rebuilt_because

    @property
    def source(self) -> str:
        """The code that builds the networks and measures their latency, and the shapes of their inputs."""
        shapes = [(tuple(t.shape), str(t.dtype)) for t in tensors_in(self.example)]
        return f"{self._source}\n{shapes}"

    def build(self, architecture: Any, *, seed: int | None = None) -> nn.Module:
        """Build a plain network with weights, which does not depend on archrank.

        Args:
            architecture: An architecture of the space, its text, or its choices by name.
            seed: The seed of its initial weights; PyTorch's global random state for None.

        Raises:
            InvalidArchitecture: It is no architecture of the space, or its shapes do not fit.
            ParseError: A text that is none.
        """
        if seed is not None:
            seed = checked_whole("seed", seed, minimum=0, maximum=2**64 - 1)
        if isinstance(architecture, str):
            architecture = self.parse(architecture)
        elif not isinstance(architecture, Architecture):
            architecture = self.architecture(architecture)
        if architecture.space != self.name:
            raise InvalidArchitecture(
                f"an architecture of the space {architecture.space!r} was given where the space is {self.name!r}"
            )
        record = Record(Given(dict(architecture.choices)))
        with torch.random.fork_rng(enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            network = self._own(self._made(Chooser(record)))
        record.open = False
        return network

    def construct(self, choose: Chooser) -> nn.Module:
        """The network in outline: shapes without numbers."""
        if self._code is not None:
            before = choose.asked
            if (network := self._code.network(choose, self._takes_chooser)) is not None:
                return network
            choose.again(before)
        return self._fresh(choose)

    def _fresh(self, choose: Chooser) -> nn.Module:
        """The network in outline, by the user's own code."""
        state = torch.random.get_rng_state()
        try:
            if self._in_outline:
                try:
                    with in_outline():
                        return self._own(self._made(choose))
                except (RuntimeError, NotImplementedError) as error:
                    # Code that reads numbers while it builds, such as rates from a linspace.
                    if "meta" not in str(error):
                        raise
                    self._in_outline = False
            return self._own(self._made(choose))
        except InvalidArchitecture:
            raise
        except SpaceError as error:
            raise SpaceError(f"{line_before(error)}{error}") from error
        except _UNFIT as error:
            raise InvalidArchitecture(
                f"{line_before(error)}it cannot be built: {in_one_line(error)}"
            ) from error
        except Exception as error:
            raise SpaceError(
                f"{line_before(error)}building a network of the space {self.name} fails: {in_one_line(error)}"
                f"{self._about_the_chooser(error)}"
            ) from error
        finally:
            torch.random.set_rng_state(state)

    def check(self, architecture: Architecture, built: Any) -> None:
        """Trace a network; it is no architecture where its shapes do not fit."""
        if architecture in self._graphs:
            return
        graph = self._from_parts(architecture, built)
        if graph is None:
            graph = self._traced(built if self._code is None else self._anew(architecture))
        if len(self._graphs) >= _KEPT:
            self._graphs.clear()
        self._graphs[architecture] = graph

    def _from_parts(self, architecture: Architecture, network: nn.Module) -> Graph | None:
        """The graph by what was recorded before; None where it has to be traced."""
        if self._code is None:
            return None
        args, kwargs = self.example
        graph = traced_in_parts(network, args, kwargs, self._code.calls)
        self._lowered += graph is not None
        if graph is not None and not self._lowered & (self._lowered - 1):
            # The first, the second, the fourth … is compared with a trace.
            traced = self._traced(self._anew(architecture))
            if repr(traced) != repr(graph):
                self._code, self._rebuilt_because = None, "its code does not always do the same"
                self._graphs.clear()
                return traced
        return graph

    def _anew(self, architecture: Architecture) -> nn.Module:
        """The network in outline, by the user's own code."""
        return self._fresh(Chooser(Record(Given(dict(architecture.choices)))))

    def _traced(self, network: nn.Module) -> Graph:
        args, kwargs = self.example
        try:
            return trace_call(network, args, kwargs, dropout=True)
        except TraceError as error:
            if isinstance(error.__cause__, SpaceError):
                raise error.__cause__ from None  # of the chooser, asked within forward
            if kwargs and not args and "unexpected keyword argument" in str(error.__cause__):
                raise TraceError(
                    f"{error}; the example is a mapping, so its keys are the names of inputs; for one input that is a "
                    "mapping give (mapping, {})"
                ) from error
            if isinstance(error.__cause__, _UNFIT) and not isinstance(error.__cause__, NotImplementedError):
                raise InvalidArchitecture(str(error)) from error
            raise

    def graph(self, architecture: Architecture) -> Graph:
        """What the network computes, as :func:`~archrank.trace` reads it; layers of dropout are among its nodes."""
        if architecture not in self._graphs:
            again, network = self.built(Given(dict(architecture.choices)))
            self.check(again, network)
            self._graphs.setdefault(architecture, self._graphs[again])
        return self._graphs[architecture]

    def function(self, architecture: Architecture) -> Graph:
        """The graph in which the order of the terms of a sum does not count."""
        return merge_sums(self.graph(architecture))

    def known_values(self, architecture: Architecture) -> Mapping[str, float]:
        """What is known before training: ``parameters``, ``multiply_adds``, ``depth`` and ``activation_bytes``."""
        return known_values(self.graph(architecture))

    @property
    def known_names(self) -> frozenset[str]:
        """The names of the values that are known before training."""
        return KNOWN

    measured_names = frozenset((_LATENCY,))

    def measure(self, architecture: Architecture) -> Mapping[str, float]:
        """The latency in milliseconds; that of equal networks is measured once."""
        key = self.graph(architecture).key
        if key not in self._latencies:
            args, kwargs = self.example
            found = self._latency(self.build(architecture, seed=0), (*args, kwargs))
            try:
                self._latencies[key] = float(found)
            except (TypeError, ValueError):
                raise EvaluationError(f"the latency is {shown(found)}; expected milliseconds") from None
        return {_LATENCY: self._latencies[key]}

    def evaluator(self, function: Any, builder: Any = None) -> Any:
        """An evaluator that builds the network and gives it to the user's function."""
        return function if isinstance(function, TrainedModules) else TrainedModules(builder or self, function)

    def __getstate__(self) -> dict[str, Any]:
        """What defines the space, without what was traced and measured."""
        return super().__getstate__() | {"_graphs": {}, "_latencies": {}, "_code": None, "_weights": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the code again."""
        self.__dict__.update(state)
        self._weights = WeakValueDictionary()
        self._read_code()

    # Inside.

    def _read_code(self) -> None:
        self._code, self._rebuilt_because = None, "its code reads numbers while it builds"
        if self._in_outline:
            self._code, self._rebuilt_because = copied_code(self.net)

    def _own(self, network: nn.Module) -> nn.Module:
        """The network, after making sure that no network that was built before has weights in common with it."""
        for name, weight in network.named_parameters():
            if not weight.requires_grad:
                continue
            if self._weights.get(id(weight)) is weight:
                raise SpaceError(
                    f"two networks of the space {self.name} have the weight {name!r} in common, so training one "
                    "changes the other: make its module anew in every call, such as by naming classes or functions as "
                    "options"
                )
        self._weights.update((id(weight), weight) for weight in network.parameters() if weight.requires_grad)
        return network

    def _about_the_chooser(self, error: Exception) -> str:
        """What may be wrong where the code works with None in the place of a chooser."""
        if self._takes_chooser or "NoneType" not in str(error):
            return ""
        unset = [p.name for p in inspect.signature(self.net).parameters.values() if p.default is None]
        return (
            f"; if the argument {unset[0]!r} is the chooser, name it choose or give it no default"
            if unset
            else ""
        )

    def _made(self, choose: Chooser) -> nn.Module:
        network = self.net(choose) if self._takes_chooser else self.net()
        if not isinstance(network, nn.Module):
            raise SpaceError(
                f"{self.name} built {shown(network)}; expected a torch.nn.Module: does the function return it?"
            )
        return with_choices(network, choose)

    def _check(self) -> None:
        """Build some networks, so that mistakes show before a search."""
        rng = np.random.default_rng(0)
        (first,) = self.sample(1, rng)
        for _ in range(2):
            self._anew(first)
        graph = self.graph(first)
        del self._graphs[first]
        try:
            # Code that draws from PyTorch's generator draws something else here.
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(int(rng.integers(2**31)))
                _, again = self.built(Given(dict(first.choices)))
                self.check(first, again)
            different = self._graphs[first].key != graph.key
        except (InvalidArchitecture, SpaceError):  # the first time neither building nor tracing failed
            different = True
        if different:
            raise SpaceError(
                f"the space {self.name} builds two different networks from the same choices, {self.format(first)}; the "
                "code must not be random: ask the chooser instead"
            )
        if silent := self._silent_choices(first, rng):
            names = ", ".join(map(repr, silent))
            warnings.warn(
                f"no network that was built depends on the choice {names} of the space {self.name}: its options build "
                "the same network, so they count as one architecture; if they differ in training, ask for the choice "
                "with training=True",
                stacklevel=3,
            )

    def _silent_choices(self, first: Architecture, rng: np.random.Generator) -> list[str]:
        """Choices that seem to change no network."""
        left: set[str] | None = None
        for base in [first, *self.sample(_TRIED, rng)]:
            values, domains = dict(base.choices), self.domains(base)
            free = {name for name, domain in domains.items() if domain.size != 1}
            found = free - self._record(base).training
            # What shows up later was not active before; it is not worth building many more.
            left = found if left is None else left & found
            for name in sorted(left):
                changed = values | {name: domains[name].mutated(values[name], rng)}
                try:
                    other, _ = self._checked(Given(changed, rng))
                except InvalidArchitecture:
                    left.discard(name)
                    continue
                if self.graph(other).key != self.graph(base).key:
                    left.discard(name)
            if not left:
                break
        return sorted(left or ())
