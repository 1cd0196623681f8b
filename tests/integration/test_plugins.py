"""Names that installed packages add: found without importing them, refused where two claim one, loaded when used."""

import importlib
import json
import sys

import numpy as np
import pytest

from archrank import benchmarks, plugins
from archrank.encoders import ENCODERS, GATES
from archrank.errors import ArchrankError, MissingExtra, PluginError, PredictorError, TableError, UnknownName
from archrank.predictors import GaussianProcess, NeuralPredictor, load_predictor
from archrank.predictors.named import PREDICTORS, named_predictor
from archrank.ranking import LOSSES
from archrank.spaces import SPACES, NASBench201, named_space
from archrank.strategies.named import STRATEGIES, StrategyOptions, named_strategy
from packages import lay_out

SPACE = NASBench201()
KNOWN = SPACE.sample(12, np.random.default_rng(1))

GOOD = """
from dataclasses import dataclass

import numpy as np
from archrank.benchmarks import Metric, Source, Table
from archrank.encoders import GATES
from archrank.predictors import GaussianProcess
from archrank.ranking import PairwiseHinge
from archrank.spaces import NASBench201
from archrank.strategies import RandomSearch


class Space(NASBench201):
    name = "theirs"


@dataclass(frozen=True)
class Encoder(GATES):
    pass


@dataclass(frozen=True)
class Loss(PairwiseHinge):
    pass


class Predictor(GaussianProcess):
    pass


class Strategy(RandomSearch):
    pass


def table():
    space = Space()
    metric = Metric("worth", "what it is worth", "none")
    return Table("their-table", space, space.rows(), {"worth": np.arange(15625.0)}, (metric,))


def failing():
    raise OSError("the disk is gone")


source = Source(Space, table)
no_table = Source(Space, failing)
wrong_table = Source(Space, Space)
"""

ENTRIES = """
[archrank.spaces]
theirs = good:Space

[archrank.benchmarks]
their-table = good:source

[archrank.encoders]
theirs = good:Encoder

[archrank.losses]
theirs = good:Loss

[archrank.predictors]
theirs = good:Predictor

[archrank.strategies]
theirs = good:Strategy

[console_scripts]
archrank.spaces = good:Space
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs packages in this process, until the test is over."""
    before = set(sys.modules)
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def add(package, entry_points, **options):
        lay_out(folder, package, entry_points, **options)
        importlib.invalidate_caches()
        plugins._rooms.cache_clear()

    yield add
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]
    plugins._rooms.cache_clear()


@pytest.fixture
def good(install):
    install("their-package", ENTRIES, good=GOOD)


@pytest.mark.usefixtures("good")
def test_a_package_is_imported_when_a_name_of_it_is_used():
    rooms = (SPACES, ENCODERS, LOSSES, PREDICTORS, STRATEGIES)
    assert all("theirs" in names and [*names][-1] == "theirs" for names in rooms)
    assert "their-table" in benchmarks.SOURCES
    assert len(ENCODERS) == len([*ENCODERS])
    assert ENCODERS["gates"] is GATES
    assert "good" not in sys.modules
    assert named_space("theirs").name == "theirs"
    assert "good" in sys.modules


@pytest.mark.usefixtures("good")
def test_every_room_has_its_names():
    predictor = named_predictor(SPACE, "theirs", seed=3)
    assert type(predictor).__name__ == "Predictor"
    assert predictor.get_params()["seed"] == 3
    with pytest.raises(ArchrankError, match=r"'theirs' has no option members; .* neural or trees"):
        named_predictor(SPACE, "theirs", members=3)
    neural = named_predictor(SPACE, encoder="theirs", loss="theirs")
    assert (neural.encoder.__name__, type(neural.loss).__name__) == ("Encoder", "Loss")
    strategy = named_strategy(SPACE, StrategyOptions("theirs", unique_by="function"), KNOWN)
    assert (type(strategy).__name__, strategy.unique_by) == ("Strategy", "function")
    table = benchmarks.load_benchmark("their-table")
    assert table.optimum("worth")[1] == 15624
    assert benchmarks.tables_of(table.space) == ["their-table"]


@pytest.mark.usefixtures("good")
def test_saved_predictors_name_what_is_installed(tmp_path):
    values = np.arange(12.0)
    ours = named_predictor(SPACE, "theirs", bootstrap=2).fit(KNOWN, values)
    ours.save(tmp_path / "theirs")
    loaded = load_predictor(tmp_path / "theirs", SPACE)
    assert [type(each).__name__ for each in loaded.members_] == ["Predictor"] * 2
    assert np.array_equal(loaded.predict(KNOWN), ours.predict(KNOWN))
    neural = NeuralPredictor(SPACE, "theirs", LOSSES["theirs"](), epochs=1, hidden=(4,)).fit(KNOWN, values)
    neural.save(tmp_path / "neural")
    learned = json.loads((tmp_path / "neural" / "predictor.json").read_text())["learned"]
    assert (learned["encoder"]["name"], learned["loss"]["name"]) == ("theirs", "theirs")
    assert np.allclose(load_predictor(tmp_path / "neural", SPACE).predict(KNOWN), neural.predict(KNOWN))


def test_a_saved_predictor_whose_package_is_gone_says_so(tmp_path, install):
    NeuralPredictor(SPACE, epochs=1, hidden=(4,)).fit(KNOWN, np.arange(12.0)).save(tmp_path / "saved")
    path = tmp_path / "saved" / "predictor.json"
    path.write_text(path.read_text().replace('"name": "gates"', '"name": "theirs"'))
    with pytest.raises(
        PredictorError, match=r"the encoder 'theirs', which is unknown here; install the package"
    ):
        load_predictor(tmp_path / "saved", SPACE)


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("name", ["good:Space", "good:Encoder", "good:Predictor", "good.Predictor", "good"])
def test_a_file_names_no_code(name, tmp_path):
    GaussianProcess(SPACE).fit(KNOWN, np.arange(12.0)).save(tmp_path)
    path = tmp_path / "predictor.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"predictor": name}))
    with pytest.raises(PredictorError, match="of the class"):
        load_predictor(tmp_path, SPACE)
    with pytest.raises(UnknownName):
        named_space(name)
    assert "good" not in sys.modules


def test_two_packages_that_claim_a_name_are_both_named(install):
    for package in ("first", "second"):
        install(
            package, f"[archrank.spaces]\nclaimed = {package}:A\n{package} = {package}:B\n", version="2.1",
            **{package: GOOD.replace('"theirs"', repr(package)) + "\nB = Space\n"},
        )  # fmt: skip
    assert [*SPACES].count("claimed") == 1
    with pytest.raises(PluginError) as refused:
        named_space("claimed")
    assert "first 2.1" in str(refused.value)
    assert "second 2.1" in str(refused.value)
    assert named_space("first").name == "first"


def test_a_name_of_archranks_own_is_not_taken_over(install):
    install("taker", "[archrank.strategies]\nguided = good:Strategy\n", good=GOOD)
    with pytest.raises(
        PluginError, match=r"'guided' among strategies is claimed by archrank and by taker 1\.0"
    ):
        named_strategy(SPACE, StrategyOptions("guided"))
    assert named_strategy(SPACE, StrategyOptions("random")).batch
    assert "good" not in sys.modules


def test_two_packages_with_a_predictor_class_of_one_name(install, tmp_path):
    install("first", "[archrank.predictors]\na = first:Predictor\n", first=GOOD)
    named_predictor(SPACE, "a").fit(KNOWN, np.arange(12.0)).save(tmp_path / "saved")
    install("second", "[archrank.predictors]\nb = second:Predictor\n", second=GOOD)
    with pytest.raises(PluginError, match=r"class Predictor is added by .*first 1\.0|second 1\.0"):
        load_predictor(tmp_path / "saved", SPACE)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import not_there_at_all", "No module named 'not_there_at_all'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "has no attribute 'Space'"),
        ("Space = 3", "3 is no subclass of SearchSpace"),
        ("from archrank.spaces import Darts as Space", "the name of the space is 'darts'"),
    ],
)
def test_what_cannot_be_used_names_its_package_and_leaves_the_others(install, code, says, archrank):
    install("good-one", ENTRIES, good=GOOD)
    install("bad-one", "[archrank.spaces]\nbad = bad_one:Space\n", version="0.3", bad_one=code)
    with pytest.raises(
        PluginError, match=r"'bad' of the installed package bad-one 0\.3 \(bad_one:Space\)"
    ) as refused:
        named_space("bad")
    assert says in str(refused.value)
    assert named_space("theirs").name == "theirs"
    status, out, err = archrank("spaces", "--json")
    assert status == 0, err
    listed = {record["name"]: record for record in json.loads(out)}
    assert says in listed["bad"]["error"]
    assert listed["theirs"]["architectures"] == 15625
    status, out, _ = archrank("spaces")
    assert (status, "bad-one 0.3" in " ".join(out.split()), "darts" in out) == (0, True, True)
    status, _, err = archrank("features", "bad")
    assert (status, "bad-one 0.3" in err) == (2, True)


def test_a_package_that_needs_an_extra_names_it(install):
    install(
        "needs", "[archrank.spaces]\nneeds = needs:Space\n", needs="raise ModuleNotFoundError(name='torch')"
    )
    with pytest.raises(MissingExtra, match=r"'needs' of needs 1\.0 needs torch.*archrank\[neural\]"):
        named_space("needs")


@pytest.mark.parametrize(
    ("names", "room", "says"),
    [
        (ENCODERS, "encoders", "no subclass of EncoderSettings"),
        (LOSSES, "losses", "no class of a loss"),
        (PREDICTORS, "predictors", "no subclass of Predictor"),
        (STRATEGIES, "strategies", "no subclass of Strategy"),
        (benchmarks.SOURCES, "benchmarks", "no archrank.benchmarks.Source"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_something_else_than_the_room_holds_is_refused(install, names, room, says):
    install("other", f"[archrank.{room}]\nother = good:Space\n", good=GOOD)
    with pytest.raises(PluginError, match=says):
        names["other"]


def test_a_strategy_that_takes_no_candidates_is_refused(install):
    code = GOOD + "\nclass Bare(Strategy):\n    def __init__(self, space):\n        pass\n"
    install("bare", "[archrank.strategies]\nbare = bare:Bare\n", bare=code)
    with pytest.raises(PluginError, match="unexpected keyword argument 'candidates'"):
        named_strategy(SPACE, StrategyOptions("bare"))


def test_a_predictor_that_has_the_name_of_archranks_own_is_refused(install):
    code = GOOD + "\nclass Ensemble(Predictor):\n    pass\n\nAlias = Predictor\n"
    install("clash", "[archrank.predictors]\na = clash:Ensemble\nb = clash:Alias\n", clash=code)
    for name in "ab":
        with pytest.raises(
            PluginError, match="it needs a name that its entry point says and that is none of"
        ):
            named_predictor(SPACE, name)


def test_benchmarks_that_cannot_be_read_leave_the_others(install, archrank):
    entries = "[archrank.benchmarks]\nb-1 = good:no_table\nb-2 = good:wrong_table\nb-3 = good:nothing\n"
    install("sources", entries, good=GOOD)
    with pytest.raises(TableError, match=r"the benchmark b-1 cannot be read: OSError: the disk is gone"):
        benchmarks.load_benchmark("b-1")
    with pytest.raises(TableError, match=r"the benchmark b-2 gives .*expected a Table"):
        benchmarks.load_benchmark("b-2")
    assert benchmarks.tables_of(SPACE)[0] == "analog-nasbench"
    status, out, err = archrank("benchmarks", "--json")
    assert status == 0, err
    listed = {record["name"]: record for record in json.loads(out)}
    assert "the disk is gone" in listed["b-1"]["error"]
    assert "sources 1.0" in listed["b-3"]["error"]
    assert listed["analog-nasbench"]["ready"]
    status, out, err = archrank("benchmarks")
    assert (status, "sources 1.0" in " ".join(out.split())) == (0, True), err


def test_a_package_that_cannot_be_read_leaves_the_others(install):
    install("good-one", ENTRIES, good=GOOD)
    install("damaged", "[archrank.spaces]\nno equals sign\n")
    with pytest.warns(UserWarning, match="an installed package cannot be read"):
        names = list(SPACES)
    assert "theirs" in names


def test_the_copy_that_python_imports_counts(install, tmp_path, monkeypatch):
    install("twice", "[archrank.spaces]\ntheirs = good:Space\n", good=GOOD)
    lay_out(tmp_path / "later", "twice", "[archrank.spaces]\ntheirs = other:Space\n", version="0.9")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "later")])
    plugins._rooms.cache_clear()
    (added,) = plugins.installed("spaces")["theirs"]
    assert added.package == "twice 1.0"
    assert named_space("theirs").name == "theirs"
