"""The examples with a loop of one's own: they find something, and go on after Ctrl-C."""

import runpy
import signal
from pathlib import Path

import numpy as np
import optuna
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


class Interrupted:
    """Calls a function, and is interrupted just before one of the calls returns."""

    def __init__(self, function, at):
        self.function, self.at, self.calls = function, at, 0

    def __call__(self, *arguments):
        self.calls += 1
        returned = self.function(*arguments)
        if self.calls == self.at:
            signal.raise_signal(
                signal.SIGINT
            )  # as Ctrl-C does; what an evaluator raises itself is its failure
        return returned


def load(name, replaced=None, at=0):
    example = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    main = example["main"]
    if replaced:
        main.__globals__[replaced] = Interrupted(example[replaced], at)
    return main


def test_ask_and_tell_goes_on_to_the_same_end(tmp_path, capsys):
    whole = load("ask_and_tell")(tmp_path / "whole.json", budget=40)
    assert capsys.readouterr().out.startswith("the best of 40: ")
    for at in (1, 17):
        path = tmp_path / f"{at}.json"
        with pytest.raises(KeyboardInterrupt):
            load("ask_and_tell", "objective", at)(path, budget=40)
        assert list(load("ask_and_tell")(path, budget=40)) == list(whole)
    scores = [score for _, score in whole.measured]
    assert np.mean(scores[20:]) > np.mean(scores[:20])


def test_the_sampler_goes_on_and_evaluates_again_what_was_interrupted(tmp_path):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = tmp_path / "study.log"
    with pytest.raises(KeyboardInterrupt):
        load("optuna_sampler", "objective", 13)(path, budget=30)
    study = load("optuna_sampler")(path, budget=30)
    done = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    assert len(done) == len({tuple(t.params.values()) for t in done}) == 30
    (lost,) = study.get_trials(states=(optuna.trial.TrialState.FAIL,))
    assert lost.params in [t.params for t in done]
    assert study.best_trials
    assert all(t.constraints["latency"] <= 0 for t in study.best_trials)


def test_several_objectives_go_on_to_the_same_front(tmp_path, capsys):
    whole = load("several_objectives")(tmp_path / "whole", budget=40)
    with pytest.raises(KeyboardInterrupt):
        load("several_objectives", "evaluate", 19)(tmp_path / "parts", budget=40)
    parts = load("several_objectives")(tmp_path / "parts", budget=40)
    assert [e.architecture for e in parts.evaluations] == [e.architecture for e in whole.evaluations]
    assert len(capsys.readouterr().out.splitlines()) == 2 * len(whole.front)
    assert all(e.values["convolutions"] <= 4 for e in whole.front)
