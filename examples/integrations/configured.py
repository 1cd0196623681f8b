"""A search whose settings are in a file, with changes at the command line, as with Hydra.

Run it with ``python examples/integrations/configured.py search.budget=40 options.round=5``. If ``hydra-core`` is
installed, Hydra reads the file, and ``--multirun search.seed=0,1,2`` works too. Otherwise PyYAML reads it.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import archrank as ar

FILE = Path(__file__).with_name("search.yaml")


def search(config: Mapping[str, Any]) -> ar.SearchResult:
    """The search that a configuration describes."""
    table = ar.load_benchmark(config["target"])
    result = ar.search(table, **config["search"], **config["options"])
    print(f"{result.best_value:.2f}", table.space.format(result.best_architecture))
    return result


def overridden(config: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """A configuration with changes such as ``search.budget=40``."""
    for change in changes:
        path, _, value = change.partition("=")
        *parents, name = path.split(".")
        section = config
        for parent in parents:
            section = section[parent]
        if name not in section:
            raise SystemExit(f"{path} is no setting; there are {', '.join(section)}")
        section[name] = yaml.safe_load(value)
    return config


def main() -> None:
    """Reads the file and the command line."""
    try:
        import hydra
        from omegaconf import OmegaConf
    except ModuleNotFoundError:
        search(overridden(yaml.safe_load(FILE.read_text(encoding="utf-8")), sys.argv[1:]))
        return
    run = hydra.main(version_base=None, config_path=str(FILE.parent), config_name=FILE.stem)
    run(lambda config: search(OmegaConf.to_container(config, resolve=True)) and None)()


if __name__ == "__main__":
    main()
