"""The names that a shell completes, once `archrank --install-completion` has set it up."""

__all__ = ["benchmark_names", "searched_names", "space_names"]


def space_names(incomplete: str) -> list[str]:
    """Spaces whose names begin like what was typed.

    >>> space_names("dar")
    ['darts']
    """
    from archrank.spaces.named import SPACES

    return _beginning(incomplete, list(SPACES))


def benchmark_names(incomplete: str) -> list[str]:
    """Benchmarks whose names begin like what was typed."""
    from archrank.benchmarks import names

    return _beginning(incomplete, names())


def searched_names(incomplete: str) -> list[str]:
    """What `archrank search` may begin with: benchmarks and spaces."""
    return list(dict.fromkeys(benchmark_names(incomplete) + space_names(incomplete)))


def _beginning(incomplete: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
