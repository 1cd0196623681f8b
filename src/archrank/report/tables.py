"""Tables of a comparison: cells of summaries, and as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from archrank.system.text import fenced
from archrank.system.text import markdown as escape_markdown

__all__ = ["FEWEST_SEEDS", "SummaryCell", "SummaryTable", "best_marked", "markdown", "markdown_page"]

FEWEST_SEEDS = 3
"""With fewer seeds nothing is called the best."""


@dataclass(frozen=True, slots=True)
class SummaryCell:
    """A summary of some results.

    Attributes:
        text: Its text.
        value: Its number; None where nothing is defined.
        best: Whether no other of its column is better.
    """

    text: str
    value: float | None
    best: bool = False


@dataclass(frozen=True, slots=True)
class SummaryTable:
    """A table.

    Attributes:
        headings: The headings of the columns.
        lines: The name and the cells of every line.
    """

    headings: list[str]
    lines: list[tuple[str, list[SummaryCell]]]


def best_marked(cells: Sequence[SummaryCell], *, higher_is_better: bool) -> list[SummaryCell]:
    """The cells of a column, the best of them marked; none where there is nothing to compare, or nothing differs."""
    values = [cell.value for cell in cells if cell.value is not None]
    if len(set(values)) < 2:
        return list(cells)
    best = max(values) if higher_is_better else min(values)
    return [replace(cell, best=cell.value == best) for cell in cells]


def markdown(shown: SummaryTable, corner: str) -> str:
    """A table as Markdown, the best of every column in bold.

    Args:
        shown: The table.
        corner: The heading of the first column.
    """
    lines = [[corner, *map(escape_markdown, shown.headings)], ["---"] * (1 + len(shown.headings))]
    for name, cells in shown.lines:
        lines.append(
            [escape_markdown(name), *(f"**{cell.text}**" if cell.best else cell.text for cell in cells)]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def markdown_page(
    title: str,
    details: Iterable[tuple[str, str]],
    commands: Sequence[str],
    note: str,
    tables: Iterable[tuple[str, str, SummaryTable]],
    corner: str,
    failed: tuple[str, Sequence[str]],
) -> str:
    """All tables of a comparison as a Markdown page.

    Args:
        title: Its title, Markdown already.
        details: A description of the comparison.
        commands: The commands that make it.
        note: A note on all tables.
        tables: For every table its title, what it means, and the table.
        corner: The heading of the first columns.
        failed: A heading, and what failed.
    """
    parts = [
        f"# {title}\n",
        *(f"- {escape_markdown(name)}: {escape_markdown(words)}" for name, words in details),
    ]
    parts += ["\n" + fenced("\n".join(commands), "sh"), f"\n{note}"]
    for heading, meaning, shown in tables:
        parts.append(
            f"\n## {escape_markdown(heading)}\n\n{escape_markdown(meaning)}\n\n{markdown(shown, corner)}".rstrip()
        )
    if failed[1]:
        parts.append(
            f"\n## {failed[0]}\n\n" + "\n".join(f"- {escape_markdown(words)}" for words in failed[1])
        )
    return "\n".join(parts) + "\n"
