"""A search in Optuna's loop that logs every trial to MLflow or Weights & Biases, by a callback.

Run it with ``python examples/integrations/tracking.py``, and ``--to mlflow`` or ``--to wandb`` if that package is
installed. Replace ``train_and_validate``.
"""

import argparse

import optuna

import archrank as ar
from archrank.spaces import NASBench201

space = NASBench201()


def train_and_validate(architecture: ar.Architecture) -> float:
    """Made up: counts convolutions. Replace it with a training."""
    return sum(option in ("nor_conv_1x1", "nor_conv_3x3") for option in space.options(architecture).values())


def objective(trial: optuna.Trial) -> float:
    """What Optuna maximizes."""
    architecture = space.suggest(trial)
    trial.set_user_attr("architecture", space.format(architecture))
    return train_and_validate(architecture)


def to_terminal(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Prints a trial; needs no other package."""
    print(trial.number, trial.value, trial.user_attrs["architecture"])


def to_mlflow(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Logs a trial as a run of MLflow, in the experiment of the study's name."""
    import mlflow

    # MLflow allows no arrows in names, which choices of cells have.
    params = {name.replace("→", " to "): value for name, value in trial.params.items()}
    mlflow.set_experiment(study.study_name)
    with mlflow.start_run(run_name=f"trial {trial.number}"):
        mlflow.log_params({"architecture": trial.user_attrs["architecture"], **params})
        mlflow.log_metric("value", trial.value)


def to_wandb(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Logs a trial as a run of Weights & Biases, in the group of the study's name."""
    import wandb

    config = {"architecture": trial.user_attrs["architecture"], **trial.params}
    run = wandb.init(project="archrank", group=study.study_name, name=f"trial {trial.number}", config=config)
    run.log({"value": trial.value})
    run.finish()


LOGS = {"terminal": to_terminal, "mlflow": to_mlflow, "wandb": to_wandb}


def main(to: str = "terminal", budget: int = 20) -> optuna.Study:
    """Searches, and logs every trial that has a value."""
    study = optuna.create_study(
        study_name="archrank-example", direction="maximize", sampler=ar.ArchrankSampler(space, seed=0)
    )
    study.optimize(objective, n_trials=budget, callbacks=[LOGS[to]])
    return study


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", choices=LOGS, default="terminal")
    parser.add_argument("--budget", type=int, default=20)
    given = parser.parse_args()
    try:
        print("best:", main(given.to, given.budget).best_value)
    except ModuleNotFoundError as error:
        raise SystemExit(f"--to {given.to} needs another package: pip install {error.name}") from None
