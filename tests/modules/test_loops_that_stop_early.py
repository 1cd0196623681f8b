"""Training loops of a user's own in searches with fidelities."""

import json
import signal

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from optuna import TrialPruned  # noqa: E402
from torch import nn  # noqa: E402

import archrank as ar  # noqa: E402
from archrank.errors import ArchrankError, EvaluationError  # noqa: E402

LEVELS = [1, 3, 6]


def net(choose):
    width = choose("width", [2, 3, 4, 5, 6, 8])
    act = choose("act", {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU})
    return nn.Sequential(nn.Linear(4, width), act(), nn.Dropout(0.2), nn.Linear(width, 1))


SPACE = ar.ModuleSpace(net, (1, 4))


class Loop:
    """Counts what it trains, and may be killed."""

    continued = True

    def __init__(self, dies_after=None, epochs=6):
        self.dies_after, self.count, self.trained = dies_after, epochs, []

    def __call__(self, module, report):
        optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6)
        x = torch.linspace(-1, 1, 32).reshape(8, 4)
        for epoch in report.epochs(self.count, module, optimizer, schedule):
            self.trained.append((report.architecture, epoch))
            if len(self.trained) == self.dies_after:
                signal.raise_signal(signal.SIGINT)
                raise RuntimeError("the interrupt did not end it")
            module.train()
            loss = ((module(x) - x.sum(1, keepdim=True)) ** 2 + 0.1 * torch.rand(1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            report(epoch, -loss)


def search(loop, budget=5, **options):
    return ar.search(SPACE, loop, "random", budget=budget, fidelities=LEVELS, **options)


def values(result):
    return [(e.architecture, e.fidelity, e.value) for e in result.evaluations]


def test_a_training_goes_on_where_it_stopped_and_ends_as_a_whole_one():
    loop = Loop()
    result = search(loop)
    assert len(loop.trained) == len(set(loop.trained)) == result.epochs
    whole = {e.architecture: e.value for e in result.evaluations if e.fidelity == 6}
    assert whole
    everything = ar.search(SPACE, Loop(), "random", budget=12)
    others = {e.architecture: e.value for e in everything.evaluations}
    same = whole.keys() & others.keys()
    assert same
    assert all(whole[a] == others[a] for a in same)


def test_separate_trainings_are_paid_in_full():
    loop = Loop()
    result = search(loop, continued=False)
    assert len(loop.trained) == result.epochs
    assert len(set(loop.trained)) < len(loop.trained)
    for e in result.evaluations:
        assert loop.trained.count((e.architecture, e.fidelity)) >= 1


def test_killed_in_any_rung_no_checkpoint_is_lost_and_no_epoch_paid_twice(tmp_path):
    expected, trained, kills = values(search(Loop())), [], 0
    for dies_after in (3, 7, 1, 9, 4, None):
        loop = Loop(dies_after)
        try:
            result = search(loop, folder=tmp_path, resume=True)
        except KeyboardInterrupt:
            kills += 1
            loop.trained.pop()
        trained += loop.trained
    assert kills == 5
    assert values(result) == expected
    assert len(trained) == len(set(trained)) == result.epochs


def test_a_finished_training_leaves_a_result_and_no_state(tmp_path):
    result = search(Loop(), folder=tmp_path)
    left = sorted((tmp_path / "trainings").iterdir())
    assert len(left) == len({e.architecture for e in result.evaluations})
    whole = [folder for folder in left if (folder / "training.json").exists()]
    assert len(whole) == sum(e.fidelity == 6 for e in result.evaluations)
    assert not any((folder / "checkpoint.pt").exists() for folder in whole)
    assert all((folder / "checkpoint.pt").exists() for folder in left if folder not in whole)


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    first = Loop()
    first.fingerprint = {"data": "a1", "lr": 0.05}
    result = search(first, folder=tmp_path / "a")
    paused = next(e.architecture for e in result.evaluations if e.fidelity == 1)
    other = Loop()
    other.fingerprint = {"data": "b2", "lr": 0.05}
    kept = SPACE.evaluator(other).keeping(tmp_path / "a" / "trainings")
    kept.check_fidelities(LEVELS)
    with pytest.raises(ArchrankError, match='belongs to another training: data is "a1" there and "b2" here'):
        kept(paused, 3)
    for file in (tmp_path / "a" / "trainings").glob("*/*"):
        file.write_bytes(b"nothing of the kind")
    with pytest.raises(ArchrankError, match="is damaged"):
        kept(paused, 3)


def test_a_loop_without_checkpoints_is_stopped_by_its_reports():
    """It counts from 0, and returns more than it reports."""
    trained = []

    def train(module, report):
        for epoch in range(6):
            trained.append((report.architecture, epoch))
            report(epoch, epoch + report.params["width"])
        return {"value": 100.0, "extra": 1.0}

    result = search(train)
    for e in result.evaluations:
        assert e.epochs == e.fidelity
        assert e.value == (
            100.0 if e.fidelity == 6 else e.fidelity - 1 + dict(e.architecture.choices)["width"]
        )
    assert len(trained) == result.epochs


def test_a_loop_that_catches_the_end_goes_no_further():
    def train(module, report):
        for epoch in range(1, 7):
            try:
                report(epoch, epoch)
            except TrialPruned:
                break
        return 50.0

    assert {(e.fidelity, e.value) for e in search(train).evaluations} == {(1, 1.0), (3, 3.0), (6, 50.0)}


def reports(*numbers):
    def train(module, report):
        for number in numbers:
            report(number, 1.0)

    return train


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (lambda module, report: 1.0, "reported nothing, so it cannot be stopped after some epochs"),
        (reports(2, 4, 6), "epoch 2 was reported, and the training should stop after 1 epochs"),
        (reports(), "reported nothing, so it cannot be stopped after some epochs"),
        (Loop(epochs=9), "the loop trains for 9 epochs, and the last of the fidelities is 6"),
        (
            lambda module, report: list(report.epochs(6, 3)),
            "3 was given to report.epochs, expected what has state_dict",
        ),
    ],
)
def test_a_loop_that_does_not_fit_ends_the_search_at_once(train, said):
    with pytest.raises(EvaluationError, match=said):
        search(train)


def test_reports_out_of_order_or_missing_at_a_higher_rung():
    def backwards(module, report):
        report(1, 1.0)
        report(1, 2.0)

    def short(module, report):
        report(1, 1.0)
        report(2, 2.0)

    for train, said in (
        (backwards, "epoch 1 was reported after epoch 1"),
        (short, "the value after 2 epochs, and not the one after 3"),
    ):
        with pytest.raises(EvaluationError, match=said):
            search(train)


def test_a_value_that_is_no_number_is_a_failure_of_the_architecture():
    def train(module, report):
        report(1, float("nan") if report.params["width"] > 4 else 1.0)
        for epoch in range(2, 7):
            report(epoch, 1.0)

    result = search(train)
    assert {"failed", "measured"} == {e.state for e in result.evaluations}
    assert all(e.fidelity == 1 for e in result.evaluations if e.state == "failed")


def test_a_loop_that_takes_no_report_is_refused():
    trained = []
    with pytest.raises(EvaluationError, match=r"cannot stop early.*expected train\(module, report\)"):
        search(lambda module: trained.append(module))
    assert trained == []


def test_the_epochs_of_a_loop_are_those_of_a_whole_training_elsewhere():
    seen = []

    def train(module, report):
        seen.append((report.until, list(report.epochs(3, module))))
        return 1.0

    ar.search(SPACE, train, "random", budget=1)
    assert seen == [(None, [1, 2, 3])]


def test_what_is_kept_can_be_read_without_running_code(tmp_path):
    search(Loop(), folder=tmp_path)
    for path in (tmp_path / "trainings").glob("*/checkpoint.pt"):
        assert set(torch.load(path, weights_only=True)) == {"fingerprint", "values", "parts"}
    for path in (tmp_path / "trainings").glob("*/training.json"):
        assert np.isfinite(json.loads(path.read_text())["result"])


def test_repeats_are_trained_anew_with_seeds_of_their_own(tmp_path):
    seeds = []

    class Seeded(Loop):
        def __call__(self, module, report):
            seeds.append((report.params["width"], report.seed))
            return super().__call__(module, report)

    options = {"budget": 4, "fidelities": LEVELS, "continued": True, "repeat_best": 1, "seed": 1}
    result = ar.search(SPACE, Seeded(), "random", folder=tmp_path / "run", resume=True, **options)
    assert [(e.fidelity, e.epochs) for e in result.repeats] == [(6, 6), (6, 6)]
    (again,) = result.repeated
    assert len({e.value for e in (again.evaluation, *again.repeats)}) == 3
    assert len({seed for _, seed in seeds[-2:]} | {seeds[0][1]}) == 3


@pytest.mark.parametrize(
    "value", ["good", "0.5", torch.ones(3), np.ones(2), {"value": 1.0}, None, True, [1.0]]
)
@pytest.mark.parametrize("options", [{}, {"fidelities": LEVELS}])
def test_a_reported_value_that_is_no_number_ends_the_search(value, options):
    begun = []

    def train(module, report):
        begun.append(report)
        for epoch in range(1, 7):
            report(epoch, value)

    with pytest.raises(
        EvaluationError, match=r"does not fit the search.*reported after epoch 1 is no number"
    ):
        ar.search(SPACE, train, "random", budget=5, **options)
    assert len(begun) == 1


@pytest.mark.parametrize("epoch", ["0", 0.5, -1, None, True])
def test_a_reported_epoch_that_is_none_ends_the_search(epoch):
    with pytest.raises(
        EvaluationError, match=r"does not fit the search.*was called with the epoch .*whole number"
    ):
        ar.search(SPACE, lambda module, report: report(epoch, 1.0), "random", budget=5)


@pytest.mark.parametrize("number", [int, float, np.int64, torch.tensor])
def test_epochs_and_values_may_be_numbers_of_other_libraries(number):
    def train(module, report):
        for epoch in range(6):
            report(number(epoch), number(epoch))

    assert search(train).best_value == 5.0


def test_nothing_holds_the_network_of_a_training_that_has_ended(monkeypatch):
    """So that no garbage has to be collected after each of them, which takes longer than a small training."""
    collected = []
    monkeypatch.setattr("archrank.modules.loop.gc.collect", lambda: collected.append(1))

    def diverges(module, report):
        report(1, float("nan"))

    def fails(module, report):
        try:
            module(torch.ones(1, 9))
        except RuntimeError as error:
            raise ValueError("too large") from error

    for loop in (diverges, fails):
        with pytest.warns(UserWarning, match="all .* evaluations failed"):
            search(loop)
    search(Loop())
    assert collected == []
