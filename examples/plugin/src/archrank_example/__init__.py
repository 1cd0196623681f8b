"""A plugin for archrank: each file adds one name, by an entry point in pyproject.toml."""
