"""``python -m archrank`` is the command line, and so is ``archrank``."""

import os
import sys
from functools import partial

from archrank.system.left_threads import end_despite_threads

__all__ = ["run"]


def run() -> None:
    """Run the command line. An interrupt while its modules are imported is no traceback either."""
    try:
        from archrank.cli.main import main
    except KeyboardInterrupt:
        sys.stderr.write("interrupted before anything began; start the same command again\n")
        sys.exit(130)
    code: object = 0
    try:
        main()
    except SystemExit as error:
        code = error.code
        raise
    finally:
        end_despite_threads(partial(_end, code))


def _end(code: object) -> None:
    """End at once, although a thread of the user's code goes on."""
    sys.stderr.write("a thread that other code has started goes on; ended without it\n")
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    run()
