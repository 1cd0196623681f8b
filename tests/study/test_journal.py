import json
import random
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from archrank.errors import ArchrankError, RunFolderError
from archrank.spaces import NASBench201
from archrank.strategies import RegularizedEvolution
from archrank.study import RunFolder, search
from archrank.study import journal as journals
from archrank.study.journal import CheckedJournal, mend_journal
from evaluators_for_workers import several, total

SPACE = NASBench201()
BUDGET = 6


def strategy():
    made = RegularizedEvolution(SPACE, population=4, tournament=2)
    made.batch = 2
    return made


def fails_at_times(architecture):
    if architecture.choices[0] % 2:
        raise MemoryError("no room for this one")
    return {"value": total(architecture), "more": float("nan")}


def run(path, budget=BUDGET, evaluate=fails_at_times, **how):
    with RunFolder.open(path, {}, resume=True) as folder:
        return search(SPACE, evaluate, strategy(), budget=budget, folder=folder, **how)


def essence(result):
    return [(e.architecture, e.value, dict(e.values), e.error, e.round) for e in result.evaluations]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run as it ended: what it found, and the lines of its journal."""
    folder = tmp_path_factory.mktemp("whole")
    found = essence(run(folder))
    return found, (folder / "journal.log").read_bytes().splitlines(keepends=True)


def unchecked(lines):
    """The lines as Optuna itself writes them."""
    bare = []
    for line in lines:
        operation = json.loads(line)
        operation.pop("check", None)
        bare.append(json.dumps(operation, separators=(",", ":")).encode() + b"\n")
    return bare


def put(folder, lines):
    folder.mkdir(exist_ok=True)
    (folder / "journal.log").write_bytes(b"".join(lines))
    return folder


def edited(line, change):
    operation = json.loads(line)
    change(operation)
    return json.dumps(operation).replace("Infinity", "1e400").encode() + b"\n"


def place(lines, code, nth=-1):
    """Where the nth line of an operation stands."""
    return [i for i, line in enumerate(lines) if json.loads(line)["op_code"] == code][nth]


def place_of_result(lines, nth):
    return [i for i, line in enumerate(lines) if b'"user_attr":{"result"' in line][nth]


@pytest.mark.parametrize("bare", [False, True])
def test_a_healthy_journal_is_gone_on_with(tmp_path, whole, bare):
    found, lines = whole
    folder = put(tmp_path / "run", unchecked(lines) if bare else lines)
    assert essence(run(folder, budget=9))[:BUDGET] == found
    assert essence(run(folder, budget=12))[:BUDGET] == found
    assert not list(folder.glob("*.damaged*"))


def test_line_endings_of_another_system_do_no_harm(tmp_path, whole):
    found, lines = whole
    assert essence(run(put(tmp_path / "run", [line[:-1] + b"\r\n" for line in lines]))) == found


BAD_LINES = [
    b"\n",
    b'{"op_code":6,"worker\n',
    b"\x00\xff\xfe garbage\n",
    b"null\n",
    b"[" * 100_000 + b"\n",
    b'{"op_code":8,"worker_id":"w","trial_id":0,"user_attr":{"note":' + b"[" * 60 + b"]" * 60 + b"}}\n",
    b'{"op_code":77,"worker_id":"w"}\n',
    b'{"op_code":6,"worker_id":"w","trial_id":0,"state":1,"values":["x"],"datetime_complete":"2026-01-01"}\n',
    b'{"op_code":6,"worker_id":"w","trial_id":' + b"9" * 5000 + b"}\n",
    b'{"op_code":8,"worker_id":"w","trial_id":99,"user_attr":{"note":1}}\n',
]


@pytest.mark.parametrize("bad", BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_end_is_set_aside_whole(tmp_path, whole, bad):
    found, lines = whole
    folder = put(tmp_path / "run", [*lines, bad])
    with pytest.warns(UserWarning, match=rf"line {len(lines) + 1} .*set aside in journal\.log\.damaged-1"):
        assert essence(run(folder)) == found
    assert (folder / "journal.log.damaged-1").read_bytes() == bad
    assert (folder / "journal.log").read_bytes().startswith(b"".join(lines))
    assert essence(run(folder, budget=BUDGET + 2))[:BUDGET] == found


@pytest.mark.parametrize("bad", BAD_LINES[:-1], ids=range(len(BAD_LINES) - 1))
def test_a_bad_line_before_good_ones_is_refused_and_nothing_is_written(tmp_path, whole, bad):
    _, lines = whole
    folder = put(tmp_path / "run", [*lines[:-3], bad, *lines[-3:]])
    before = (folder / "journal.log").read_bytes()
    for _ in range(2):
        with pytest.raises(
            RunFolderError, match=rf"line {len(lines) - 2} .*head -n {len(lines) - 3} "
        ) as told:
            run(folder)
        assert len(str(told.value)) < 1500
        assert (folder / "journal.log").read_bytes() == before


def test_several_bad_ends_lie_side_by_side(tmp_path, whole):
    found, lines = whole
    folder = put(tmp_path / "run", [*lines, b"?\n", b"\n", b"half"])
    for nth in (1, 2):
        with pytest.warns(UserWarning, match=f"damaged-{nth}"):
            assert essence(run(folder)) == found
        with (folder / "journal.log").open("ab") as journal:
            journal.write(b"again")
    assert (folder / "journal.log.damaged-1").read_bytes() == b"?\n\nhalf"
    assert (folder / "journal.log.damaged-2").read_bytes() == b"again"


def test_a_line_too_long_is_never_held(tmp_path, whole, monkeypatch):
    found, lines = whole
    monkeypatch.setattr(journals, "_LONGEST_LINE", 5000)
    folder = put(tmp_path / "run", [*lines, b"x" * 20_000 + b"\n"])
    with pytest.warns(UserWarning, match="is longer than 5,000 bytes"):
        assert essence(run(folder)) == found
    assert (folder / "journal.log.damaged-1").stat().st_size == 20_001
    put(folder, [*lines[:-1], b"x" * 20_000 + b"\n", lines[-1]])
    with pytest.raises(RunFolderError, match=rf"line {len(lines)} is longer"):
        run(folder)


def test_a_line_that_could_not_be_read_again_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(journals, "_LONGEST_LINE", 1000)
    with pytest.raises(RunFolderError, match="an entry would take"):
        run(tmp_path / "run")


@pytest.mark.parametrize("content", [b"\n", b"hello\nworld\n", b"\x00" * 1000 + b"\n"])
def test_what_holds_no_good_line_is_no_journal(tmp_path, content):
    folder = put(tmp_path / "run", [content])
    with pytest.raises(RunFolderError, match="is no journal of a search"):
        run(folder)
    assert (folder / "journal.log").read_bytes() == content


@pytest.mark.filterwarnings("ignore:.*begins anew:UserWarning")
def test_a_first_line_that_was_cut_off_begins_anew(tmp_path, whole):
    found, lines = whole
    folder = put(tmp_path / "run", [lines[0][:20]])
    with pytest.warns(UserWarning, match="line 1 is cut off"):
        assert essence(run(folder)) == found


def _params(value):
    return lambda operation: operation["params"].update(dict.fromkeys(operation["params"], value))


def _result(value):
    return lambda operation: operation["user_attr"].update(result=value)


CHANGES = {
    "a parameter out of range": (4, _params(99), "none of its options"),
    "a parameter below range": (4, _params(-1), "none of its options"),
    "a parameter that is no number": (4, _params("none"), "none of its options"),
    "a parameter missing": (4, lambda o: o["params"].popitem(), "other choices"),
    "a strange distribution": (4, lambda o: o["distributions"].update({"0→1": "{}"}), "cannot be read"),
    "another number": (4, lambda o: o["user_attrs"].update(number=77), "where trial 5 is due"),
    "another round": (4, lambda o: o["user_attrs"].update(round=9), "cannot follow round"),
    "no spent": (4, lambda o: o["user_attrs"].pop("spent"), "what was spent"),
    "no architecture": (
        4,
        lambda o: o["user_attrs"].update(architecture=None),
        "does not say the architecture",
    ),
    "another study": (4, lambda o: o.update(study_id=3), "is about study 3"),
    "a time that is none": (4, lambda o: o.update(datetime_start="yesterday"), "as datetime_start"),
    "a null result": (8, _result(None), "holds no result"),
    "a result without the metric": (8, _result({"values": {"b": 1}, "seconds": 1}), "without 'value'"),
    "an infinite result": (8, _result({"values": {"value": float("inf")}, "seconds": 1}), "as inf"),
    "a huge result": (8, _result({"values": {"value": 10**400}, "seconds": 1}), "as 1000"),
    "no time": (8, _result({"values": {"value": 1.0}}), "how long"),
    "values of a failure": (
        8,
        _result({"values": {"value": 1.0}, "seconds": 1, "error": "x"}),
        "as failed and",
    ),
    "a state that is none": (6, lambda o: o.update(state=9), "has 9 as state"),
    "infinite values": (6, lambda o: o.update(values=[float("inf")]), "in another way than its result"),
    "other values": (6, lambda o: o.update(values=[123.0], state=1), "in another way than its result"),
    "no worker": (6, lambda o: o.pop("worker_id"), "lacks worker_id"),
}


@pytest.mark.parametrize(("code", "change", "said"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("last", [False, True])
def test_what_a_line_says_is_looked_at(tmp_path, whole, code, change, said, last):
    _, lines = whole
    lines = unchecked(lines)
    at = place_of_result(lines, -1) if code == 8 else place(lines, code)
    lines[at] = edited(lines[at], change)
    folder = put(tmp_path / "run", lines[: at + 1] if last else lines + unchecked([lines[0]]))
    if last:
        with pytest.warns(UserWarning, match=rf"line {at + 1} .*{said}"):
            mend_journal(folder / "journal.log")
        assert (folder / "journal.log").read_bytes() == b"".join(lines[:at])
    else:
        with pytest.raises(RunFolderError, match=rf"line {at + 1} .*{said}"):
            run(folder)


@pytest.mark.parametrize("bare", [False, True])
def test_lines_that_are_missing_or_moved_are_noticed(tmp_path, whole, bare):
    _, lines = whole
    lines = unchecked(lines) if bare else lines
    created = place(lines, 4, 1)
    result = place_of_result(lines, 1)
    (stated,) = [i for i, line in enumerate(lines) if b'"user_attr":{"budget"' in line]
    for gone in (created, result, stated, 0):
        with pytest.raises(RunFolderError, match="is damaged: line"):
            run(put(tmp_path / "run", [*lines[:gone], *lines[gone + 1 :]]))
    moved = [*lines]
    moved[result], moved[result + 1] = moved[result + 1], moved[result]
    with pytest.raises(RunFolderError, match=rf"line {result + 1} "):
        run(put(tmp_path / "run", moved))
    with pytest.raises(RunFolderError, match="is damaged: line"):
        run(put(tmp_path / "run", [*lines[: created + 1], lines[created], *lines[created + 1 :]]))


def damages(lines):
    """Ways in which a journal's bytes come to harm."""
    size = sum(map(len, lines))
    at, line = st.integers(0, size - 1), st.integers(0, len(lines) - 1)
    return st.one_of(
        st.tuples(st.just("change"), at, st.integers(1, 255)),
        st.tuples(st.just("delete"), at, st.just(0)),
        st.tuples(st.just("insert"), at, st.integers(0, 255)),
        st.tuples(st.just("cut"), at, st.just(0)),
        st.tuples(st.just("lose"), line, st.just(0)),
        st.tuples(st.just("repeat"), line, line),
        st.tuples(st.just("swap"), line, line),
    )


def damaged(lines, how, a, b):
    content, lines = bytearray(b"".join(lines)), [*lines]
    if how == "change":
        content[a] ^= b
    elif how == "delete":
        del content[a]
    elif how == "insert":
        content.insert(a, b)
    elif how == "cut":
        del content[a:]
    else:
        if how == "lose":
            del lines[a]
        elif how == "repeat":
            lines.insert(b, lines[a])
        else:
            lines[a], lines[b] = lines[b], lines[a]
        content = bytearray(b"".join(lines))
    return bytes(content)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_harm_ends_in_the_same_evaluations_or_a_refusal(tmp_path, whole, data):
    found, lines = whole
    content = damaged(lines, *data.draw(damages(lines)))
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    folder = put(tmp_path / "run", [content])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            resumed = run(folder)
        except ArchrankError:
            assert (folder / "journal.log").read_bytes() == content
            return
    assert essence(resumed) == found
    aside = [path.read_bytes() for path in folder.glob("*.damaged-*")]
    assert len(aside) == sum("set aside" in str(warning.message) for warning in said)
    kept = content.removesuffix(aside[0]) if aside else content
    assert (folder / "journal.log").read_bytes().startswith(kept)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_harm_to_lines_without_checks_is_no_traceback(tmp_path, whole, data):
    _, lines = whole
    lines = unchecked(lines)
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    folder = put(tmp_path / "run", [damaged(lines, *data.draw(damages(lines)))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(ArchrankError):
            assert len(run(folder).evaluations) == BUDGET


class Dies(BaseException):
    pass


@pytest.mark.filterwarnings("ignore:.*begins anew:UserWarning")
@pytest.mark.parametrize("seed", range(3))
def test_journals_of_searches_that_died_again_and_again_are_healthy(tmp_path, seed, monkeypatch):
    """A kill in the middle of a write leaves a part of it, one between two writes leaves none."""
    random_ = random.Random(seed)
    left = 0
    append = CheckedJournal.append_logs

    def dying(self, logs):
        nonlocal left
        left -= 1
        if left < 0:
            size = self._file.stat().st_size
            append(self, logs)
            with self._file.open("r+b") as file:
                file.truncate(random_.randint(size, self._file.stat().st_size))
            raise Dies
        append(self, logs)

    monkeypatch.setattr(CheckedJournal, "append_logs", dying)
    objectives, where = {"good": "maximize", "costly": "minimize"}, ["size < 12"]
    go_on = partial(run, tmp_path / "run", 8, several, objectives=objectives, where=where, retries=99)
    kills = 0
    for _ in range(40):
        left = random_.randint(0, 12)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*is cut off, and no good line follows")
            try:
                result = go_on()
                break
            except Dies:
                kills += 1
    assert kills > 3
    left = 10**6
    assert essence(result) == essence(run(tmp_path / "other", 8, several, objectives=objectives, where=where))
    mend_journal(tmp_path / "run" / "journal.log")


def test_what_optuna_writes_is_healthy(tmp_path):
    """Studies of all kinds, from several threads: also lines that Optuna itself passes over."""
    path = tmp_path / "journal.log"

    def objective(trial):
        x = trial.suggest_float("x", 1e-3, 1, log=True) + trial.suggest_int("i", -3, 9, step=3)
        y = trial.suggest_categorical("c", [None, True, 3, "text", 0.5])
        trial.report(float("nan"), 0)
        trial.report(float("inf"), 1)
        trial.set_user_attr("note", {"deep": [[["x"]]]})
        if trial.number % 4 == 1:
            raise optuna.TrialPruned
        if trial.number % 4 == 2:
            raise ValueError(f"no {y}")
        return x

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("one", "two", "one"):
        storage = JournalStorage(JournalFileBackend(str(path)))
        study = optuna.create_study(study_name=name, storage=storage, load_if_exists=True)
        study.enqueue_trial({"x": 0.5})
        study.optimize(objective, n_trials=8, n_jobs=3, catch=ValueError)
    optuna.delete_study(study_name="two", storage=storage)
    study.add_trials(study.trials[:3])
    waiting = optuna.trial.create_trial(state=optuna.trial.TrialState.WAITING)
    study.add_trial(waiting)
    taken = study.trials[-1]._trial_id
    others = [JournalStorage(JournalFileBackend(str(path))) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        won = pool.map(lambda s: s.set_trial_state_values(taken, optuna.trial.TrialState.RUNNING), others)
    assert sum(won) == 1
    before = path.read_bytes()
    mend_journal(path)
    assert path.read_bytes() == before


def test_notes_that_others_add_are_let_stand(tmp_path):
    folder = tmp_path / "run"
    found = essence(run(folder, budget=4))
    study = optuna.load_study(
        study_name="archrank", storage=JournalStorage(JournalFileBackend(str(folder / "journal.log")))
    )
    study.set_user_attr("dashboard:note", "a good one")
    study._storage.set_study_system_attr(study._study_id, "note:0", "x")
    assert essence(run(folder, budget=6))[:4] == found
    assert essence(run(folder, budget=8))[:4] == found


def test_several_who_write_keep_one_chain(tmp_path):
    """A result's study may still be used when its run was gone on with."""
    folder = tmp_path / "run"
    first = run(folder, budget=2)
    second = run(folder, budget=4)
    first.study.set_user_attr("note", 1)
    second.study.set_user_attr("note", 2)
    first.study.set_user_attr("note", 3)
    assert run(folder, budget=6).study.user_attrs["note"] == 3


def test_after_a_failed_write_nothing_is_added(tmp_path, monkeypatch):
    path = tmp_path / "journal.log"
    journal = CheckedJournal(path)
    monkeypatch.setattr(journals.os, "fsync", _refused)
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            journal.append_logs([{"op_code": 10, "worker_id": "w"}])
        monkeypatch.undo()
    assert len(path.read_bytes().splitlines()) == 1


def _refused(_):
    raise OSError("full")


def test_a_folder_where_the_journal_should_be(tmp_path):
    (tmp_path / "run" / "journal.log").mkdir(parents=True)
    with pytest.raises(RunFolderError, match="no ordinary file"):
        run(tmp_path / "run")
