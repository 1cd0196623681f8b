"""``python -m archrank`` is the command line, and so is ``archrank``."""

import sys

__all__ = ["run"]


def run() -> None:
    """Run the command line. An interrupt while its modules are imported is no traceback either."""
    try:
        from archrank.cli.main import main
    except KeyboardInterrupt:
        sys.stderr.write("interrupted before anything began; start the same command again\n")
        sys.exit(130)
    main()


if __name__ == "__main__":
    run()
