"""Optuna's own loop with a strategy that chooses the architectures, two objectives and a constraint.

Run it with ``python examples/optuna_sampler.py``. Stop it with Ctrl-C, and run it again to continue.
"""

import sys
from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from archrank import ArchrankSampler
from archrank.spaces import NASBench201
from archrank.strategies import RegularizedEvolution

SPACE = NASBench201()
WORTH = {"nor_conv_3x3": 3.0, "nor_conv_1x1": 2.0, "skip_connect": 1.5, "none": 0.0, "avg_pool_3x3": -1.0}
COST = {"nor_conv_3x3": 9.0, "nor_conv_1x1": 1.0, "skip_connect": 0.0, "none": 0.0, "avg_pool_3x3": 0.5}


def objective(trial: optuna.Trial) -> tuple[float, float]:
    """Stands for training and timing; returns accuracy and latency."""
    options = SPACE.options(SPACE.suggest(trial)).values()
    accuracy, latency = 80 + sum(WORTH[o] for o in options), 1 + sum(COST[o] for o in options)
    trial.set_constraint("latency", latency - 30)  # satisfied at 0 or below
    return accuracy, latency


def main(path: Path = Path("study.log"), budget: int = 60) -> optuna.Study:
    """Search, and print the Pareto front."""
    study = optuna.create_study(
        study_name="cells",
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(path))),
        directions=["maximize", "minimize"],
        sampler=ArchrankSampler(SPACE, RegularizedEvolution(SPACE, population=20, tournament=5), seed=0),
        load_if_exists=True,
    )
    # A killed process leaves a trial in the state running: queue its architecture again.
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.enqueue_trial(trial.params)
        study.tell(trial.number, state=TrialState.FAIL)
    done = len(study.get_trials(states=(TrialState.COMPLETE,)))
    try:
        study.optimize(objective, n_trials=max(budget - done, 0))
    except KeyboardInterrupt:
        study.enqueue_trial(study.trials[-1].params)  # Optuna records the interrupted trial as failed
        raise
    for trial in sorted(study.best_trials, key=lambda trial: -trial.values[0]):
        accuracy, latency = trial.values
        print(f"{accuracy:6.2f} {latency:6.2f}  {SPACE.format(SPACE.suggest(trial))}")
    return study


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped; run it again to continue")
