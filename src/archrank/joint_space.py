"""Hyper-parameters beside an architecture: a space joined with further choices."""

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.chooser import Answers, Chooser, Given
from archrank.domains import Domain, Options, Range, Value
from archrank.errors import ArchrankError, EvaluationError, InvalidArchitecture, ParseError, SpaceError
from archrank.features import feature_names, graph_features
from archrank.graph import Graph
from archrank.open_space import OpenSpace, Suggested
from archrank.space import SearchSpace, Suggests
from archrank.system.foreign import in_one_line, shown

__all__ = ["JointSpace", "integer", "log", "number", "options", "ordered"]

_KEPT = 50_000
"""Architectures whose graph features are remembered."""


def number(low: float, high: float) -> Range:
    """A number from ``low`` to ``high``, drawn uniformly."""
    return Range(low, high)


def log(low: float, high: float) -> Range:
    """A number from ``low`` to ``high`` whose logarithm is drawn uniformly, such as a learning rate.

    >>> log(1e-4, 1e-1)
    Range(low=0.0001, high=0.1, log=True, integer=False)
    """
    return Range(low, high, log=True)


def integer(low: int, high: int, *, log: bool = False) -> Range:
    """An integer from ``low`` to ``high``, both included; with ``log``, ratios matter."""
    return Range(low, high, log, integer=True)


def ordered(*values: object) -> Options:
    """One of several values in order, so that neighbors are alike, such as batch sizes."""
    return Options.of(values, ordered=True)


def options(*values: object) -> Options:
    """One of several values in no order, such as the names of optimizers."""
    return Options.of(values, ordered=False)


class JointSpace(OpenSpace):
    """The architectures of a space together with hyper-parameters of their training: what ``space & {…}`` makes.

    An architecture of the joint space is an architecture of the space and a value of every hyper-parameter. Its graph
    is that of the architecture; predictors see the hyper-parameters beside it. Two settings of the training are two
    architectures, although they share their graph.

    The evaluator of a search is called with the architecture and the mapping of its hyper-parameters,
    ``evaluate(architecture, params)``. Over a space of modules it is the training loop as always,
    ``train(module, report)``, and ``report.params`` holds the hyper-parameters too.

    Args:
        space: The space of the architectures.
        choices: The hyper-parameters: a mapping of names to domains, which :func:`log`, :func:`number`,
            :func:`integer`, :func:`ordered` and :func:`options` make; or a function of a chooser that asks for them,
            where some depend on others.

    Raises:
        SpaceError: No hyper-parameter, one whose name the space uses too, or something that is no domain.

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201() & {"lr": log(1e-4, 1e-1), "batch": ordered(32, 64, 128)}
    >>> (drawn,) = space.sample(1, np.random.default_rng(0))
    >>> architecture, params = space.split(drawn)
    >>> architecture.space, sorted(params)
    ('nas-bench-201', ['batch', 'lr'])
    """

    def __init__(
        self, space: SearchSpace, choices: Mapping[str, Domain] | Callable[[Chooser], object]
    ) -> None:
        if not isinstance(space, SearchSpace):
            raise SpaceError(f"{shown(space)} is no search space")
        named, self._text = _described(choices)
        super().__init__(f"{space.name} & {named}")
        self.space = space
        if isinstance(space, OpenSpace):
            self.canonicalized = space.canonicalized
        elif type(space).canonical is not SearchSpace.canonical:
            self.canonicalized = frozenset(choice.name for choice in space.choices)
        self._choices = dict(choices) if isinstance(choices, Mapping) else choices
        self._features: dict[Architecture, dict[str, float]] = {}
        self.sample(1, np.random.default_rng(0))  # names that clash are found now

    def __and__(self, choices: Any) -> SearchSpace:
        """With further hyper-parameters."""
        if isinstance(self._choices, Mapping) and isinstance(choices, Mapping):
            if twice := sorted(self._choices.keys() & choices.keys()):
                raise SpaceError(f"the hyper-parameter {twice[0]!r} is given twice; give it one domain")
            return JointSpace(self.space, {**self._choices, **choices})
        return super().__and__(choices)

    # What the two parts are.

    def split(self, architecture: Architecture) -> tuple[Architecture, dict[str, Any]]:
        """The architecture of the space, and the values of the hyper-parameters by name."""
        values = dict(architecture.choices)
        base = self.space.from_options(values)
        of_space = self.space.options(base)
        return base, {name: value for name, value in values.items() if name not in of_space}

    def build(self, architecture: Architecture | Mapping[str, Any] | str, *, seed: int | None = None) -> Any:
        """The network, where the space builds networks.

        Raises:
            ArchrankError: It does not.
        """
        if not hasattr(self.space, "build"):
            raise ArchrankError(f"the space {self.space.name} builds no networks")
        if isinstance(architecture, str):
            architecture = self.parse(architecture)
        elif not isinstance(architecture, Architecture):
            architecture = self.architecture(architecture)
        return self.space.build(self.split(architecture)[0], seed=seed)

    def evaluator(self, function: Any, builder: Any = None) -> Any:
        """An evaluator that calls the user's function with an architecture and its hyper-parameters."""
        made = self.space.evaluator(function, builder or self)
        return _Split(self, function) if made is function else made

    # What an open space defines.

    def construct(self, choose: Chooser) -> Any:
        """Ask for the choices of the architecture, then for the hyper-parameters."""
        built = None
        if isinstance(self.space, OpenSpace):
            built = self.space.construct(choose)
        else:
            row = tuple(c.options.index(choose(c.name, c.options)) for c in self.space.choices)
            if self.space.architecture(row).choices != row:
                raise InvalidArchitecture(f"{row} is not the canonical row of its architecture")
        hyper = choose.for_training()
        if isinstance(self._choices, Mapping):
            for name, domain in self._choices.items():
                hyper.of(name, domain)
        else:
            try:
                self._choices(hyper)
            except SpaceError:
                raise
            except Exception as error:
                name = getattr(self._choices, "__name__", type(self._choices).__name__)
                raise SpaceError(
                    f"the function {name}, which asks for the hyper-parameters, fails: {in_one_line(error)}"
                ) from error
        return built

    def check(self, architecture: Architecture, built: Any) -> None:
        """Check the network, where the space does."""
        if isinstance(self.space, OpenSpace):
            self.space.check(self.split(architecture)[0], built)

    def renamed(self, text: str, names: Mapping[str, str]) -> str:
        """As in the space without the hyper-parameters."""
        return self.space.renamed(text, names)

    def graph(self, architecture: Architecture) -> Graph:
        """That of the architecture of the space."""
        return self.space.graph(self.split(architecture)[0])

    def function(self, architecture: Architecture) -> Graph:
        """That of the architecture of the space."""
        return self.space.function(self.split(architecture)[0])

    def function_key(self, architecture: Architecture) -> Any:
        """Equal where the functions and all hyper-parameters are equal."""
        base, params = self.split(architecture)
        return self.space.function_key(base), tuple(params.items())

    def features(self, architecture: Architecture) -> dict[str, float]:
        """The features of the architecture and the hyper-parameters."""
        base, params = self.split(architecture)
        domains, found = self.domains(architecture), dict(self._features_of(base))
        for name, value in params.items():
            found[f"{name} is active"] = 1.0
            numbers = zip(domains[name].feature_names(), domains[name].features(value), strict=True)
            found |= {f"{name}{suffix}": feature for suffix, feature in numbers}
        return found

    def prepare(self, architectures: Sequence[Architecture]) -> None:
        """Work out the features of the architectures of the space together."""
        bases = list(dict.fromkeys(self.split(architecture)[0] for architecture in architectures))
        if isinstance(self.space, OpenSpace):
            self.space.prepare(bases)
        elif missing := [base for base in bases if base not in self._features]:
            self._remember(missing)

    @property
    def by_function(self) -> bool:  # type: ignore[override]  # the space decides
        """As the space."""
        return self.space.by_function

    @property
    def source(self) -> str:
        """What defines the space, and the hyper-parameters."""
        return "\n".join([self.space.digest, *self.space.definition, self._text])

    # What is known of an architecture is known of it with any hyper-parameters.

    def known_values(self, architecture: Architecture) -> Mapping[str, float]:
        """Those of the architecture of the space."""
        return self.space.known_values(self.split(architecture)[0])

    @property
    def known_names(self) -> frozenset[str]:
        """Those of the space."""
        return self.space.known_names

    @property
    def measured_names(self) -> frozenset[str]:  # type: ignore[override]  # the space decides
        """Those of the space."""
        return self.space.measured_names

    def measure(self, architecture: Architecture) -> Mapping[str, float]:
        """What the space measures of its architecture."""
        return self.space.measure(self.split(architecture)[0])

    # Drawing.

    def sample(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """Architectures as the space draws them, and hyper-parameters drawn when they are reached."""
        return [self._with(base, {}, rng=rng) for base in self.space.sample(n, rng)]

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """Change one choice, each as likely as any other: one of the architecture, or a hyper-parameter."""
        base, params = self.split(architecture)
        domains = self.domains(architecture)
        free = [name for name in params if domains[name].size != 1]
        of_space = len(self.space.options(base))
        if not free or rng.integers(of_space + len(free)) < of_space:
            return self._with(self.space.mutate(base, rng), params, rng=rng)
        name = free[int(rng.integers(len(free)))]
        return self._with(base, params | {name: domains[name].mutated(params[name], rng)}, rng=rng)

    def neighbors(self, architecture: Architecture) -> list[Architecture]:
        """The architecture's neighbors with the same hyper-parameters, and it with one of these changed."""
        base, params = self.split(architecture)
        domains = self.domains(architecture)
        changed = [(other, params) for other in self.space.neighbors(base)]
        changed += [(base, params | {n: other}) for n in params for other in domains[n].others(params[n])]
        found = dict.fromkeys(self._with(other, values, first=True) for other, values in changed)
        found.pop(architecture, None)
        return list(found)

    def suggest(self, trial: Suggests) -> Architecture:
        """Ask an Optuna trial for every choice that is reached."""
        base = self.space.suggest(trial)
        return self._checked(_Mixed(self.space.options(base), Suggested(trial)))[0]

    def __getstate__(self) -> dict[str, Any]:
        """What defines the space."""
        return super().__getstate__() | {"_features": {}}

    # Inside.

    def _read(self, values: Mapping[Any, Any]) -> Architecture:
        try:
            return self._with(self.space.from_options(values), values)
        except SpaceError as error:
            raise ParseError(f"{shown(dict(values))} is no architecture of {self.name}: {error}") from None

    def _with(
        self,
        base: Architecture,
        params: Mapping[Any, Any],
        *,
        rng: np.random.Generator | None = None,
        first: bool = False,
    ) -> Architecture:
        return self._checked(Given({**params, **self.space.options(base)}, rng, first=first))[0]

    def _features_of(self, base: Architecture) -> dict[str, float]:
        if isinstance(self.space, OpenSpace):
            return self.space.features(base)
        if base not in self._features:
            self._remember([base])
        return self._features[base]

    def _remember(self, bases: Sequence[Architecture]) -> None:
        """Work out the features of architectures of a space that is not open, all at once."""
        if len(self._features) + len(bases) > _KEPT:
            self._features.clear()
        cells = self.space.function_arrays(self.space.pack(bases))
        names = feature_names(self.space.operations, len(cells))
        for base, values in zip(bases, graph_features(cells, self.space.operations).tolist(), strict=True):
            self._features[base] = dict(zip(names, values, strict=True))


SearchSpace.joint = JointSpace


class _Mixed:
    """Answers with given values, and with others' where none is given."""

    def __init__(self, values: Mapping[str, Value], others: Answers) -> None:
        self._values, self._others = values, others

    def answer(self, name: str, domain: Domain) -> Value:
        if name in self._values:
            return domain.read(self._values[name])
        return self._others.answer(name, domain)


class _Split:
    """An evaluator that calls the user's function with the two parts of an architecture."""

    def __init__(self, space: JointSpace, function: Callable[..., Any]) -> None:
        self.space, self.function = space, function
        if not (_takes(function, 2) or _takes(function, 3)):
            raise EvaluationError(
                f"the evaluator {shown(function)} cannot be called with an architecture and its hyper-parameters: the "
                f"space {space.name} needs evaluate(architecture, params)"
            )
        if not _takes(function, 2):  # what checks evaluators reads this
            self.__signature__ = inspect.signature(lambda architecture, epochs: None)

    @property
    def seeded(self) -> Callable[..., Any]:
        """The function that repeats give a seed."""
        return self.function

    def __call__(self, architecture: Architecture, *epochs: int, **seed: int) -> Any:
        return self.function(*self.space.split(architecture), *epochs, **seed)

    def check_fidelities(self, levels: Sequence[int]) -> None:
        """Refuse a function that cannot be told for how many epochs to train."""
        if not _takes(self.function, 3):
            raise EvaluationError(
                f"the evaluator {shown(self.function)} cannot stop early, as fidelities={list(levels)} needs it: "
                f"expected evaluate(architecture, params, epochs) for the space {self.space.name}"
            )

    def __getattr__(self, name: str) -> Any:
        # What the user's function declares: metric, directions, gives.
        if name.startswith("_") or "function" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.function, name)


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many arguments; true where it has no signature."""
    try:
        inspect.signature(function).bind(*(None,) * count)
    except ValueError:
        return True
    except TypeError:
        return False
    return True


def _described(choices: Any) -> tuple[str, str]:
    """What names the hyper-parameters, and the text that defines them."""
    if isinstance(choices, Mapping):
        if not choices:
            raise SpaceError(
                "no hyper-parameter is given; give a mapping such as {'lr': archrank.log(1e-4, 1e-1)}"
            )
        for name, domain in choices.items():
            if not isinstance(name, str) or not name.strip():
                raise SpaceError(
                    f"a hyper-parameter is named {shown(name)}; expected a text that is not empty"
                )
            if not isinstance(domain, Options | Range):
                raise SpaceError(
                    f"the hyper-parameter {name!r} is {shown(domain)}; expected a domain such as archrank.log(1e-4, "
                    "1e-1), archrank.ordered(32, 64) or archrank.options('adam', 'sgd')"
                )
        return ", ".join(choices), "\n".join(f"{name}: {domain}" for name, domain in choices.items())
    if not callable(choices):
        raise SpaceError(
            f"the hyper-parameters are {shown(choices)}; expected a mapping of names to domains, or a function of a "
            "chooser"
        )
    name = getattr(choices, "__name__", type(choices).__name__)
    try:
        return name, textwrap.dedent(inspect.getsource(choices))
    except (OSError, TypeError):
        raise SpaceError(
            f"the code of {shown(choices)} cannot be read, and it is part of what the space is: define it in a file or "
            "a notebook cell"
        ) from None
