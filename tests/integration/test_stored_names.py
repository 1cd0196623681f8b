"""What a file or a database calls by a name is looked up; only what the user types becomes code."""

import json
import shutil
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from archrank.spaces import NASBench201

CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
PLANTED = """
from pathlib import Path
from archrank.spaces import NASBench201
from archrank.images import load_images

Path(__file__).with_name("it-ran").touch()


class Space(NASBench201):
    pass


def images():
    return load_images("digits")


def evaluate(architecture):
    return 1.0
"""


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A module in the folder in which commands run."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "planted.py").write_text(PLANTED)
    for name in ("planted", "mine"):
        sys.modules.pop(name, None)
    yield tmp_path / "planted.py"
    for name in ("planted", "mine"):
        sys.modules.pop(name, None)


def ran(planted):
    return planted.with_name("it-ran").exists()


@pytest.fixture
def study(monkeypatch):
    """Makes `archrank worker` find these metadata in its database."""
    from archrank import study

    handler = signal.getsignal(signal.SIGTERM)

    def says(metadata):
        class Fake(nullcontext):
            where = "a database"

            def __init__(self, *_):
                super().__init__(self)

            def metadata(self):
                return metadata

        def serve(database, space, evaluate, **_):
            raise AssertionError(f"served {space.name}")

        monkeypatch.setattr(study, "Database", Fake)
        monkeypatch.setattr(study, "serve", serve)

    yield says
    signal.signal(signal.SIGTERM, handler)


WORKER = ("worker", "--storage", "postgresql+psycopg://a@127.0.0.1/b", "--study", "s", "--evaluator")
TRAINING = ("train", "--data", "digits", "--epochs", "1", "--device", "cpu")


@pytest.mark.parametrize(
    "space", ["planted.py:Space", "{folder}/planted.py:Space", "planted:Space", ["darts"], None]
)
@pytest.mark.parametrize("evaluator", [("planted.py:evaluate",), TRAINING], ids=["own", "train"])
def test_a_worker_imports_no_space_that_the_database_names(archrank, planted, study, space, evaluator):
    named = space.format(folder=planted.parent) if isinstance(space, str) else space
    study({"space": named, "space digest": NASBench201().digest, "metric": "valid_accuracy"})
    if evaluator is not TRAINING:  # this module is what the user typed
        Path("mine.py").write_text("def evaluate(architecture):\n    return 1.0\n")
        evaluator = ("mine.py:evaluate",)
    code, _, err = archrank(*WORKER, *evaluator)
    assert code == 2, err
    assert "neither one of archrank's" in err
    assert "name its file with --space path/to/file.py:Class" in err
    assert not ran(planted)


def test_a_worker_imports_the_space_that_the_user_types(archrank, planted, study):
    study({"space": "nas-bench-201", "space digest": NASBench201().digest, "metric": "worth"})
    with pytest.raises(AssertionError, match="served nas-bench-201"):
        archrank(*WORKER, "planted.py:evaluate", "--space", "planted.py:Space")
    assert ran(planted)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The folder of a network that learnt from images which a user's module gives."""
    folder = tmp_path_factory.mktemp("network")
    (folder / "planted.py").write_text(PLANTED)
    from archrank.cli.main import main

    words = ["archrank", "train", "nas-bench-201", CELL, "--data", "planted.py:images", "--recipe", "digits"]
    words += ["--epochs", "1", "--channels", "4", "--cells", "1", "--device", "cpu", "--out", "net"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as end:
            main()
    assert not end.value.code
    sys.modules.pop("planted", None)
    return folder / "net"


def test_evaluating_a_network_imports_nothing_that_its_file_names(archrank, planted, network):
    code, _, err = archrank("evaluate", network)
    assert (code, "code is never loaded because a file names it" in err) == (2, True), err
    assert "(--data)" in err
    assert not ran(planted)
    code, out, err = archrank("evaluate", network, "--data", "planted.py:images", "--json")
    assert code == 0, err
    assert "warning" not in err  # these are the images that it learnt from, so they are compared with them
    assert json.loads(out)["images"] == 359
    assert ran(planted)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "digits",
        {},
        {"name": ["digits"]},
        {"name": "digits", "folder": 3},
        {"size": "large"},
        {"typed": True},
        {"name": "digits\0"},
        {"name": "x" * 5000},
        {"name": "planted"},
        {"name": "planted.py"},
    ],
)
def test_what_a_model_says_of_its_images_is_checked(archrank, planted, network, tmp_path, data):
    shutil.copytree(network, tmp_path / "net")
    path = tmp_path / "net" / "model.json"
    record = json.loads(path.read_text())
    record["data"] = record["data"] | data if isinstance(data, dict) and data else data
    path.write_text(json.dumps(record))
    code, _, err = archrank("evaluate", "net")
    assert (code, err.startswith("error: ")) == (2, True), err
    assert len(err) < 1000
    assert not ran(planted)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classes", 3), ("classes", [1, 2]), ("image", [1, 8]), ("image", [0, 8, 8]), ("image", ["1", 8, 8]),
        ("mean", "."),
        ("mean", []), ("mean", {"a": 1}), ("deviation", [0.0]), ("deviation", [1e400]), ("skeleton", "StackedCells"),
        ("skeleton", {"name": ["x"]}), ("skeleton", {"name": "os"}),
        ("graph", [{"sites": [{"operation": []}]}]), ("curve", [3]),
        ("recipe", None),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_is_one_message(archrank, network, tmp_path, name, value):
    shutil.copytree(network, tmp_path / "net")
    path = tmp_path / "net" / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    code, _, err = archrank("evaluate", "net", "--data", "digits")
    assert (code, "model.json does not describe a network" in err) == (2, True), err
    assert len(err) < 1000
