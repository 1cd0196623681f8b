"""Train the networks of a space of modules with Lightning.

Needs ``pip install lightning``. Lightning's callback reports to the search after every epoch; a search with
``fidelities`` stops a training by an exception in ``report``, which Lightning passes on.
Run it with ``python examples/integrations/lightning_training.py``.
"""

import logging

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import archrank as ar

generator = torch.Generator().manual_seed(0)
x = torch.randn(600, 8, generator=generator)
y = (x[:, 0] * x[:, 1] + x[:, 2] > 0).long()
training = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=40)
validation = DataLoader(TensorDataset(x[400:], y[400:]), batch_size=200)


def net(choose):
    """A perceptron with choices."""
    width = choose("width", [8, 16, 32])
    activation = choose("activation", {"relu": nn.ReLU, "tanh": nn.Tanh})
    layers = [nn.Linear(8, width), activation()]
    for _ in range(choose.integer("more layers", 0, 2)):
        layers += [nn.Linear(width, width), activation()]
    choose.number("learning rate", 1e-3, 1e-1, log=True, training=True)
    return nn.Sequential(*layers, nn.Linear(width, 2))


class Classifier(lightning.LightningModule):
    """Trains a module as a classifier."""

    def __init__(self, module: nn.Module, learning_rate: float) -> None:
        super().__init__()
        self.module = module
        self.learning_rate = learning_rate

    def training_step(self, batch):
        """The loss of a batch."""
        return nn.functional.cross_entropy(self.module(batch[0]), batch[1])

    def validation_step(self, batch):
        """Logs the accuracy of a batch; Lightning averages it."""
        self.log("accuracy", (self.module(batch[0]).argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self):
        """Adam with the learning rate of the architecture."""
        return torch.optim.Adam(self.parameters(), lr=self.learning_rate)


class ReportsToSearch(lightning.Callback):
    """Reports the validation accuracy after every epoch."""

    def __init__(self, report: ar.Report) -> None:
        self.report = report

    def on_validation_epoch_end(self, trainer, module):
        """Reports it, except that of the check before the training."""
        if not trainer.sanity_checking:
            self.report(trainer.current_epoch, trainer.callback_metrics["accuracy"])


def train(module, report):
    """One training, as ``archrank.search`` calls it."""
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="auto",
        callbacks=[ReportsToSearch(report)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Classifier(module, report.params["learning rate"]), training, validation)


def main(budget: int = 15) -> ar.SearchResult:
    """Searches."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    space = ar.ModuleSpace(net, (1, 8))
    result = ar.search(space, train, budget=budget)
    print(f"{result.best_value:.3f}", space.format(result.best_architecture))
    return result


if __name__ == "__main__":
    main()
