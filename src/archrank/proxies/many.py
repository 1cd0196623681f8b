"""Zero-cost scores of many architectures, kept in a file."""

import inspect
import json
import math
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, FileError, ProxyError
from archrank.given import ArchitecturesLike, architectures_of
from archrank.proxies.builder import Builder, builder_for
from archrank.proxies.named import DEFAULTS, PROXIES, Proxy, named_proxies
from archrank.proxies.probe import images_of, labels_of
from archrank.proxies.scoring import WORST, scored
from archrank.space import SearchSpace
from archrank.system.arguments import checked_path, checked_whole
from archrank.system.foreign import in_one_line, shown
from archrank.system.on_progress import OnProgress, silent

__all__ = ["score_all"]

Floats = npt.NDArray[np.float64]


def score_all(
    space: SearchSpace,
    architectures: ArchitecturesLike,
    *,
    proxies: Any = DEFAULTS,
    batch: Tensor | tuple[int, ...] | None = None,
    labels: Any = None,
    seed: int = 0,
    builder: Builder | None = None,
    file: Path | str | None = None,
    on_progress: OnProgress = silent,
) -> dict[str, Floats]:
    """Build each architecture's network and score it; every network is drawn from the same seed.

    Args:
        space: The space.
        architectures: B architectures, also as texts or as options; none at all are allowed.
        proxies: As for :func:`~archrank.proxies.score`, as are the next three.
        batch: None for 16 random images of the size that the networks of the space take.
        labels: The classes of the images.
        seed: Fixes everything random.
        builder: How networks are built; None for :func:`~archrank.proxies.builder_for`.
        file: Scores are kept there, and those that it holds are not computed again if all settings are the same. Those
            of a function of your own are told apart by its name and source; they are not kept if it has none or uses
            what may change: a variable or function around it, or a default that is no text or number.
        on_progress: Called with how many architectures are scored, and of how many.

    Returns:
        Each score by name: (B,).

    Raises:
        ProxyError: The networks of the space cannot be built, or not be scored.
        PredictorError: Something is no architecture of the space.
        FileError: The file cannot be read or written.
    """
    chosen = named_proxies(proxies)
    given = architectures_of(space, architectures, empty=True)
    builder = builder or builder_for(space)
    inputs = builder.shape if batch is None else batch
    images = images_of(inputs, checked_whole("seed", seed, minimum=0, maximum=2**63 - 1, error=ProxyError))
    if labels is not None:
        labels = labels_of(labels, len(images)).tolist()
    kept = _Kept(file, _digest(space, builder, inputs, labels, seed))
    titles = {name: _title(name, proxy) for name, proxy in chosen.items()}
    found: list[Mapping[str, float]] = []
    on_progress(0, len(given))
    for done, architecture in enumerate(given, start=1):
        text = space.format(architecture)
        held = kept.scores.get(text, {})
        known = {name: held[title] for name, title in titles.items() if title is not None and title in held}
        if missing := {name: proxy for name, proxy in chosen.items() if name not in known}:
            try:
                network = _built(builder, architecture, seed)
                known |= scored(network, inputs, labels, missing, seed, copy=not builder.fresh)
            except ArchrankError as error:
                raise ProxyError(f"{text}: {error}") from error
            if any(titles[name] is not None for name in missing):
                kept.add(text, {**held, **{t: known[name] for name, t in titles.items() if t is not None}})
        found.append(known)
        on_progress(done, len(given))
    return {name: np.array([scores[name] for scores in found], dtype=np.float64) for name in chosen}


def _title(name: str, proxy: Proxy) -> str | None:
    """What a score is called in a file; None where it cannot be told from others that have its name."""
    if PROXIES.get(name) is proxy:
        return name
    if not inspect.isfunction(proxy) or proxy.__closure__:
        return None
    defaults = (*(proxy.__defaults__ or ()), *(proxy.__kwdefaults__ or {}).values())
    around = [proxy.__globals__.get(word) for word in _words(proxy.__code__)]
    if not all(isinstance(each, str | int | float | None) for each in defaults) or not all(
        each is None or inspect.ismodule(each) or inspect.isclass(each) for each in around
    ):
        return None
    try:
        source = inspect.getsource(proxy)
    except (OSError, TypeError):
        return None
    constants = [each for each in proxy.__code__.co_consts if not inspect.iscode(each)]
    told = f"{source} {defaults} {proxy.__code__.co_code.hex()} {constants}"
    return f"{name} {sha256(told.encode()).hexdigest()[:16]}"


def _words(code: CodeType) -> Iterator[str]:
    """The names that a function and those within it look up, attributes included."""
    yield from code.co_names
    for each in code.co_consts:
        if inspect.iscode(each):
            yield from _words(each)


def _built(builder: Builder, architecture: Architecture, seed: int) -> Any:
    try:
        return builder.build(architecture, seed)
    except ArchrankError:
        raise
    except Exception as error:
        raise ProxyError(f"the network cannot be built: {in_one_line(error)}") from error


def _digest(space: SearchSpace, builder: Builder, batch: Any, labels: Any, seed: int) -> str:
    """What the scores of an architecture depend on."""
    if isinstance(batch, Tensor):
        batch = [list(batch.shape), sha256(batch.detach().cpu().float().numpy().tobytes()).hexdigest()]
    else:
        batch = [int(size) for size in batch]
    if labels is not None:
        labels = [int(label) for label in labels]
    settings = [space.name, builder.settings, batch, labels, seed]
    try:
        return sha256(json.dumps(settings).encode()).hexdigest()[:16]
    except (TypeError, ValueError):
        raise ProxyError(
            f"the settings of the builder are {shown(builder.settings)}; expected JSON values that tell its networks "
            "from others"
        ) from None


class _Kept:
    """Scores by the texts of architectures, in a file of JSON lines of which the last may be cut off."""

    def __init__(self, file: Path | str | None, settings: str) -> None:
        self.scores: dict[str, dict[str, float]] = {}
        self._settings = settings
        self._path = None if file is None else checked_path("file", file)
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as stream:
                stream.seek(0)
                content = stream.read()
                if content and not content.endswith(b"\n"):
                    stream.write(b"\n")
        except OSError as error:
            raise FileError(f"cannot write {self._path}: {error.strerror or error}") from error
        for line in content.splitlines():
            self._read(line)

    def add(self, text: str, scores: Mapping[str, float]) -> None:
        """Keep the scores of an architecture."""
        self.scores[text] = dict(scores)
        if self._path is None:
            return
        written = {name: value if math.isfinite(value) else None for name, value in scores.items()}
        line = json.dumps({"settings": self._settings, "architecture": text, "scores": written})
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
        except OSError as error:
            raise FileError(f"cannot write {self._path}: {error.strerror or error}") from error

    def _read(self, line: bytes) -> None:
        """Take the scores of a line that was written with these settings."""
        try:
            held = json.loads(line)
            if held["settings"] == self._settings:
                scores = {
                    str(name): WORST if value is None else float(value)
                    for name, value in held["scores"].items()
                }
                self.scores[held["architecture"]] = scores
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # cut off, or another program's
