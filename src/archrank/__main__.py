"""``python -m archrank`` is the command line."""

from archrank.cli.main import main

if __name__ == "__main__":
    main()
