"""The page that a study writes: a heading, what its tables show, the command that made them, and the tables."""

import shlex
import sys
from pathlib import Path


def text(head: str, body: str, *commands: str) -> str:
    """A page; ``head`` begins with its ``# `` heading. Without commands, that of this process."""
    mine = shlex.join(["python", f"studies/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return (
        "\n\n".join([head.strip(), "\n".join(["```sh", *(commands or [mine]), "```"]), body.strip()]) + "\n"
    )


def write(out: Path, head: str, body: str) -> str:
    """Write ``OUT/table.md``, and give it."""
    page = text(head, body)
    (out / "table.md").write_text(page, encoding="utf-8")
    return page
