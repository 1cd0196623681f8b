"""What notebooks show of values that lie below all that draws: architectures and results of searches."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archrank.architecture import Architecture
    from archrank.study.result import SearchResult

__all__ = ["register", "show_in_notebooks"]


def show_in_notebooks() -> None:
    """Let the notebook that runs this process, if one does, draw architectures and show the curves of results."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "display_formatter"):
        register(shell.display_formatter.formatters["text/html"])


def register(formatter: Any) -> None:
    """Tell IPython's formatter of HTML how to show architectures and results."""
    # By their names: a notebook that has none of them does not wait for the imports.
    formatter.for_type_by_name("archrank.architecture", "Architecture", _architecture)
    formatter.for_type_by_name("archrank.study.result", "SearchResult", _result)


def _architecture(architecture: "Architecture") -> str | None:
    """A drawing; None, so that its text is shown, where no space of its name is known."""
    from archrank.errors import ArchrankError
    from archrank.spaces.named import SPACES, named_space
    from archrank.verbs.draw import draw

    if architecture.space not in SPACES:
        return None
    try:
        return draw(named_space(architecture.space), architecture).svg
    except ArchrankError:  # one of an earlier version of the space
        return None


def _result(result: "SearchResult") -> str:
    """The table of the best evaluations, and the curve of the best value."""
    from archrank.errors import ArchrankError

    table = result._repr_html_()
    try:
        from archrank.plot.results import curve
        from archrank.plot.style import encode

        figure = curve(result, compare=False).get_figure(root=True)
    except (ArchrankError, ImportError):  # nothing was measured, or there is no matplotlib
        return table
    return table if figure is None else table + encode(figure, ".svg").decode("utf-8")
