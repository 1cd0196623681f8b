"""Spaces whose choices, or attributes of operations, tell predictors more than their graphs."""

from collections.abc import Mapping

import numpy as np

from archrank import Cell, Choice, Graph, SearchSpace, Site

OPERATIONS = ("k3", "k5", "k7", "pool")


def chain(operations):
    sites = tuple(Site(operation, (at,), at + 1) for at, operation in enumerate(operations))
    return Graph((Cell(1, len(sites) + 1, sites, (len(sites),)),))


class Chain(SearchSpace):
    """Nine operations in a row."""

    name = "chain"
    choices = tuple(Choice(f"layer {at}", OPERATIONS) for at in range(9))
    operations = OPERATIONS

    def graph(self, architecture):
        return chain(self.options(architecture).values())


class Described(Chain):
    name = "described"
    attributes: Mapping[str, Mapping[str, float]] = {
        name: {"kernel": float(name[1])} for name in OPERATIONS[:3]
    }


class Trained(SearchSpace):
    """Three operations, how they are trained, and a choice that means nothing."""

    name = "trained"
    choices = (
        *(Choice(f"layer {at}", OPERATIONS) for at in range(3)),
        Choice("dropout", ("0.0", "0.2", "0.5")),
        Choice("optimizer", ("sgd", "adam", "lion")),
        Choice("lucky number", tuple(map(str, range(9)))),
    )
    operations = OPERATIONS

    def graph(self, architecture):
        return chain(list(self.options(architecture).values())[:3])


def drawn(space, count, seed=0):
    found = space.sample(count, np.random.default_rng(seed))
    return found, space.pack(found)


def trained_labels(rows):
    return np.array([0.0, 4.0, 1.0])[rows[:, 4]] + (rows[:, :3] == 0).sum(axis=1) + 2.0 * (rows[:, 3] == 1)
