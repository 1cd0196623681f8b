"""A search on one machine, workers on others, and a real PostgreSQL server between them."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

pytest.importorskip("psycopg", reason="needs psycopg: pip install 'archrank[postgres]'")

from archrank.benchmarks import load_benchmark
from archrank.errors import ArchrankError, RunFolderError
from archrank.spaces import Darts, EnasMacro, NASBench201
from archrank.strategies import RandomSearch
from archrank.study import Database, TableEvaluator, patience, search, serve
from postgres import running_server
from waiting import PATIENCE, wait_until

SPACE = NASBench201()
COMMAND = "from archrank.cli.main import main; main()"

SLOW = """
import os, time
from pathlib import Path

HERE = Path(__file__).parent


def evaluate(architecture):
    (HERE / f"{os.getppid()}-{architecture.choices}").touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
    return float(sum(architecture.choices))


def both(architecture):
    return {"worth": evaluate(architecture), "cost": float(architecture.choices[0])}


SEVEN = 7
"""


@pytest.fixture(scope="module")
def server():
    """A server of its own."""
    with running_server() as found:
        yield found


@pytest.fixture
def worker(server, tmp_path):
    """Starts `archrank worker`; what still runs at the end is killed."""
    started = []

    def start(study, evaluator, *more):
        words = [
            sys.executable,
            "-c",
            COMMAND,
            "worker",
            "--study",
            study,
            "--evaluator",
            str(evaluator),
            *more,
        ]
        environment = {**os.environ, "ARCHRANK_STORAGE": server}
        process = subprocess.Popen(
            words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


class Driver(threading.Thread):
    """A search in the background."""

    def __init__(self, server, study, patience=60.0, **settings):
        super().__init__(daemon=True)
        self.place, self.settings = (server, study, patience), settings
        self.start()

    def run(self):
        try:
            with Database(*self.place) as database:
                self.result = search(SPACE, None, strategy(), database=database, **self.settings)
        except RunFolderError as error:
            self.error = error

    def queued(self):
        """Waits until there is something to do, and so a study."""
        wait_until(lambda: holds(*self.place), "the search was to queue something")
        return self

    def found(self):
        self.end()
        assert hasattr(self, "result"), self.error
        return self.result.evaluations

    def end(self):
        self.join(timeout=PATIENCE)
        assert not self.is_alive(), f"waited {PATIENCE:g} s in vain for the search to end"


def holds(*place):
    """Whether there is a study with something queued."""
    with Database(*place) as database:
        return database.holds() and bool(database.study().get_trials())


def strategy():
    made = RandomSearch(SPACE)
    made.batch = 4
    return made


def begun(folder, count):
    """Waits for evaluations to be under way."""
    wait_until(lambda: len(list(folder.glob("*-(*"))) >= count, f"{count} evaluations were to begin")


def test_workers_elsewhere_find_what_this_process_finds(server, worker):
    table = load_benchmark("analog-nasbench")
    metric = table.metric(None).name
    settings = {"budget": 10, "seed": 3, "metric": metric, "maximize": table.metric(metric).higher_is_better}
    driver = Driver(server, "lookup", **settings).queued()
    workers = [worker("lookup", "analog-nasbench") for _ in range(2)]
    there = driver.found()
    here = search(SPACE, TableEvaluator(table, metric), strategy(), **settings).evaluations
    kept = [(e.number, e.architecture, e.value, e.values, e.round) for e in there]
    assert kept == [(e.number, e.architecture, e.value, e.values, e.round) for e in here]
    errors = [process.communicate(timeout=PATIENCE)[1] for process in workers]
    assert [process.returncode for process in workers] == [0, 0]
    made = [int(text.split("the search has ended; ")[1].split()[0]) for text in errors]
    assert sum(made) == 10
    with Database(server, "lookup") as database:
        again = search(SPACE, None, strategy(), database=database, **settings)
        assert again.evaluations == there
        turned = settings | {"maximize": not settings["maximize"]}
        with pytest.raises(RunFolderError, match=r"maximize: true there, false now.*give another name"):
            search(SPACE, None, strategy(), database=database, **turned)
        with pytest.raises(RunFolderError, match='space: "nas-bench-201" there, "enas-macro" now'):
            search(EnasMacro(), None, RandomSearch(EnasMacro()), database=database, **settings)


def test_a_killed_worker_is_noticed_and_a_stopped_one_says_so(server, worker, tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    driver = Driver(server, "slow", 15.0, budget=4, asynchronous=True, workers=3, retries=1).queued()
    workers = [worker("slow", "mine.py:evaluate") for _ in range(3)]
    begun(tmp_path, 3)
    with (
        Database(server, "slow") as database,
        pytest.raises(RunFolderError, match="driven by another process"),
    ):
        search(SPACE, None, strategy(), budget=4, database=database)
    killed, stopped, last = workers
    killed.kill()
    stopped.send_signal(signal.SIGTERM)
    _, said = stopped.communicate(timeout=PATIENCE)
    assert stopped.returncode == 130
    assert "back in the queue" in said
    (tmp_path / "go").touch()
    found = driver.found()
    assert [e.value for e in found] == [float(sum(e.architecture.choices)) for e in found]
    with Database(server, "slow") as database:
        trials = database.study().get_trials()
    # Only the death was held against an evaluation, and nothing was recorded twice.
    assert sorted(trial.user_attrs.get("interruptions", 0) for trial in trials) == [0, 0, 0, 1]
    assert len({e.architecture for e in found}) == 4
    _, said = last.communicate(timeout=PATIENCE)
    assert "4 evaluations ran here" in said


def test_a_worker_that_was_given_up_still_counts(server, worker, tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    driver = Driver(server, "late", 1.0, budget=1).queued()
    late = worker("late", "mine.py:evaluate")
    begun(tmp_path, 1)
    late.send_signal(signal.SIGSTOP)  # it gives no sign of life, but its evaluation goes on

    def interruptions():
        with Database(server, "late") as database:
            return database.study().get_trials()[0].user_attrs.get("interruptions")

    wait_until(lambda: interruptions() == 1, "the worker was to be given up")
    (tmp_path / "go").touch()
    late.send_signal(signal.SIGCONT)
    (found,) = driver.found()
    assert found.value == float(sum(found.architecture.choices))
    _, said = late.communicate(timeout=PATIENCE)
    assert "1 evaluations ran here" in said
    assert len(list(tmp_path.glob("*-(*"))) == 1


def test_the_command_goes_on_after_a_kill_of_search_and_worker(server, worker, tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    words = [
        "search",
        "analog-nasbench",
        "--strategy",
        "random",
        "--budget",
        "6",
        "--workers",
        "2",
        "--patience",
        "5",
    ]
    words += ["--asynchronous", "--study", "command", "--out", "run", "--json"]

    def start(*more):
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, *words, *more],
            cwd=tmp_path,
            env={**os.environ, "ARCHRANK_STORAGE": server},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    first = start()
    wait_until(lambda: holds(server, "command"), "the search was to queue something")
    killed = worker("command", "mine.py:evaluate")
    begun(tmp_path, 1)
    first.kill()
    killed.kill()
    _, said = first.communicate()
    assert f"archrank worker --storage {server} --study command --evaluator analog-nasbench" in " ".join(
        said.split()
    )
    refused = start()
    assert "named command: continue it with resume" in " ".join(
        refused.communicate(timeout=PATIENCE)[1].split()
    )
    assert refused.returncode == 2
    (tmp_path / "go").touch()
    second = start("--resume")
    worker("command", "mine.py:evaluate")
    record = json.loads(second.communicate(timeout=PATIENCE)[0])
    evaluations = record["evaluations"]
    assert [e["value"] for e in evaluations] == [
        float(sum(SPACE.parse(e["architecture"]).choices)) for e in evaluations
    ]
    assert len({e["architecture"] for e in evaluations}) == 6
    assert (tmp_path / "run" / "report.html").exists()


def test_two_objectives_of_a_space_without_a_table(server, worker, tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    words = [
        "search",
        "darts",
        "--strategy",
        "evolution",
        "--budget",
        "8",
        "--workers",
        "2",
        "--study",
        "two",
    ]
    words += ["--objectives", "worth,cost:min", "--patience", "5", "--out", "run", "--json"]
    found = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        cwd=tmp_path,
        env={**os.environ, "ARCHRANK_STORAGE": server},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: holds(server, "two"), "the search was to queue something")
    killed, _ = [worker("two", "mine.py:both") for _ in range(2)]
    begun(tmp_path, 2)
    killed.kill()
    (tmp_path / "go").touch()
    out, said = found.communicate(timeout=PATIENCE)
    assert "--study two --evaluator path/to/file.py:function" in " ".join(said.split())
    record = json.loads(out)
    space, evaluations = Darts(), record["evaluations"]
    rows = [space.parse(e["architecture"]).choices for e in evaluations]
    assert [e["values"] for e in evaluations] == [
        {"worth": float(sum(row)), "cost": float(row[0])} for row in rows
    ]
    assert len(set(rows)) == 8
    assert record["objectives"] == {"worth": "maximize", "cost": "minimize"}
    with Database(server, "two") as database:
        trials = database.study().get_trials()
    assert [trial.values for trial in trials] == [
        [e["values"]["worth"], e["values"]["cost"]] for e in evaluations
    ]
    assert record["front"][0]["values"]["worth"] == max(sum(row) for row in rows)


def test_a_server_that_restarts_ends_neither_the_search_nor_its_workers(server, worker, tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    settings = {"budget": 6}
    driver = Driver(server, "restarted", **settings).queued()
    process = worker("restarted", "mine.py:evaluate")
    begun(tmp_path, 1)
    server.control("stop")
    (tmp_path / "go").touch()
    server.control("start")
    found = driver.found()
    assert [e.value for e in found] == [float(sum(e.architecture.choices)) for e in found]
    assert len(found) == len(list(tmp_path.glob("*-(*"))) == 6
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_search_that_begins_before_its_server_waits(server, monkeypatch):
    monkeypatch.setattr(patience, "_KNOCKING", PATIENCE)
    server.control("stop")
    starting = threading.Thread(target=server.control, args=("start",))
    starting.start()
    try:
        with Database(server, "early", patience=PATIENCE) as database:
            assert not database.holds()
    finally:
        starting.join()


def test_a_server_that_stays_away_ends_the_search_after_its_patience(server):
    driver = Driver(server, "away", patience=0.5, budget=1).queued()
    server.control("stop")
    driver.end()
    server.control("start")
    assert "cannot be used" in str(driver.error)
    assert "go on" in str(driver.error)


@pytest.fixture(scope="module")
def searched(server):
    """The server, which holds a study "found" that has ended."""
    table = load_benchmark("analog-nasbench")
    metric = table.metric(None).name
    driver = Driver(server, "found", budget=2, seed=0, metric=metric).queued()
    with Database(server, "found") as database:
        assert serve(database, SPACE, TableEvaluator(table, metric)) == 2
    driver.found()
    return server


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fuond", "analog-nasbench"), "unknown study in postgresql+psycopg://"),
        (("found", "analog-nasbnech"), "did you mean 'analog-nasbench'?"),
        (("found", "nas-bench-graph-cora"), "unknown metric"),
        (("found", "mine.py"), "name the function in the file"),
        (("found", "mine.py:evalute"), "did you mean 'evaluate'?"),
        (("found", "mine.py:SEVEN"), "is 7, expected a function"),
        (("found", "mine.py:evaluate", "--space", "enas-macro"), "searches another space (nas-bench-201)"),
    ],
)
def test_a_mistake_is_told_with_the_way_out(searched, tmp_path, monkeypatch, capsys, words, said):
    (tmp_path / "mine.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    study, evaluator, *more = words
    arguments = ["--storage", searched, "--study", study, "--evaluator", evaluator, *more]
    monkeypatch.setattr(sys, "argv", ["archrank", "worker", *arguments])
    handler = signal.getsignal(signal.SIGTERM)
    from archrank.cli.main import main

    with pytest.raises(SystemExit) as end:
        main()
    signal.signal(signal.SIGTERM, handler)
    assert end.value.code == 2
    error = " ".join(capsys.readouterr().err.split())
    assert said in error
    assert "Traceback" not in error


def test_a_changed_database_makes_a_worker_import_nothing(server, worker, tmp_path):
    (tmp_path / "mine.py").write_text(SLOW)
    (tmp_path / "planted.py").write_text("open('it-ran', 'w').close()\n")
    Driver(server, "changed", budget=1).queued()
    with Database(server, "changed") as database:
        database.study().set_user_attr("space", "planted.py:Space")
    refused = worker("changed", "mine.py:evaluate")
    said = " ".join(refused.communicate(timeout=60)[1].split())
    assert refused.returncode == 2
    assert "searches the space 'planted.py:Space', which is neither one of archrank's" in said
    assert not (tmp_path / "it-ran").exists()
    (tmp_path / "go").touch()  # with a space that is typed, the search ends
    found = worker("changed", "mine.py:evaluate", "--space", "nas-bench-201").communicate(timeout=60)[1]
    assert "1 evaluations ran here" in found


STRANGE = [None, -1, "", "x" * 300, [], {}, ["a"], True, {"a": 1}, 3.5, "darts"]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("first", [0, 4, 7])
def test_a_search_and_a_worker_refuse_an_edited_fact_or_read_it(server, first):
    driver = Driver(server, f"edited-{first}", budget=2).queued()
    with Database(server, f"edited-{first}", patience=1) as database:
        serve(database, SPACE, total)
        driver.found()
        study = database.study()
        facts = {fact: value for fact, value in study.user_attrs.items() if fact != "ended"}
        for number, (fact, right) in enumerate(facts.items()):
            study.set_user_attr(fact, STRANGE[(3 * number + first) % len(STRANGE)])
            for use in (
                lambda: serve(database, SPACE, total),
                lambda: search(SPACE, None, strategy(), budget=2, database=database, resume=True),
            ):
                with suppress(ArchrankError):  # any other error is a failure
                    use()
            study.set_user_attr(fact, right)
            study.set_user_attr("ended", True)
        found = search(SPACE, None, strategy(), budget=2, database=database, resume=True).evaluations
    assert [e.value for e in found] == [total(e.architecture) for e in found]


def total(architecture):
    return float(sum(architecture.choices))
