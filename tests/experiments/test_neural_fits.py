import numpy as np
import pytest

from archrank.errors import PredictorError, UnknownName
from archrank.experiments.fits import curve_ks
from archrank.experiments.neural_fits import NeuralFits, neural_tasks
from archrank.experiments.splits import TableSplit
from archrank.predictors import NeuralPredictor
from archrank.ranking import kendall_tau, n_at_k, precision_at_k
from archrank.spaces import NASBench201

SPACE = NASBench201()
ROWS = SPACE.rows()[::50]
TARGETS = (ROWS == 3).sum(axis=1) + np.random.default_rng(0).normal(size=len(ROWS)) / 10
POOL, TEST = np.arange(0, 200), np.arange(200, len(ROWS))
SPLIT = TableSplit("random", POOL, TEST, (0, 200), (200, len(ROWS)), "")
(TASK,) = neural_tasks(["gates"], ["hinge"], [20], 1)


def fits(targets=TARGETS, test_targets=TARGETS, **settings):
    return NeuralFits(SPACE, SPLIT, ROWS, targets, test_targets, **({"epochs": 7} | settings))


def test_a_fit_is_what_its_parts_say():
    found = fits(test_targets=-TARGETS)(TASK)
    subset = np.random.default_rng([0, 20]).choice(200, 20, replace=False)
    predictor = NeuralPredictor(SPACE, epochs=7, seed=0)
    taus = []
    for epoch in predictor.fit_epochs(SPACE.architectures(ROWS[subset]), TARGETS[subset]):
        scores = predictor.predict(ROWS[TEST])
        if epoch > 2:
            taus.append(kendall_tau(scores, -TARGETS[TEST]))
    assert found["tau"] == pytest.approx(np.mean(taus))
    assert found["tau_last"] == pytest.approx(taus[-1])
    assert found["n_at_5"] == n_at_k(scores, -TARGETS[TEST], 5)
    assert found["n_at_5_share"] == found["n_at_5"] / 113
    assert found["precision_at_10%"] == precision_at_k(scores, -TARGETS[TEST], 12)
    assert found["curve_k"] == curve_ks(113)
    assert found["precision_curve"][-1] == 1.0
    assert found["epochs"] == 7


def test_subset_and_initialisation_have_seeds_of_their_own():
    alike = neural_tasks(["gates"], ["hinge"], [20], 2, same_subset=True)
    apart = neural_tasks(["gates"], ["hinge"], [20], 2)
    assert [(t["subset_seed"], t["seed"]) for t in alike + apart] == [(0, 0), (0, 1), (0, 0), (1, 1)]
    work = fits(epochs=2)
    by_seeds = {
        (subset, seed): work({**TASK, "subset_seed": subset, "seed": seed})["spearman"]
        for subset in (0, 1)
        for seed in (0, 1)
    }
    assert len(set(by_seeds.values())) == 4


def test_equal_scores_have_no_tau(monkeypatch):
    monkeypatch.setattr(
        NeuralPredictor, "predict_members", lambda self, candidates: np.zeros((1, len(candidates)))
    )
    found = fits()(TASK)
    assert found["tau"] is found["tau_last"] is found["spearman"] is found["tau_in_top_10%"] is None
    assert 0 <= found["precision_at_50%"] <= 1


def test_equal_functions_get_equal_scores_when_simplified():
    task = {**TASK, "simplify": True}
    # A convolution from input to output, by itself or behind a skip, which GATES has to learn to see through.
    rows = np.array([(0, 0, 0, 3, 0, 0), (1, 0, 0, 0, 3, 0)], dtype=np.int16)
    assert len({SPACE.function(a).key for a in SPACE.architectures(rows)}) == 1
    both = np.concatenate([ROWS, rows])
    targets = np.append(TARGETS, [0.0, 1.0])
    parts = TableSplit("random", POOL, np.array([len(ROWS), len(ROWS) + 1]), (0, 200), (0, 2), "")
    work = NeuralFits(SPACE, parts, both, targets, targets, epochs=2)
    assert work(task)["tau"] is None
    assert work(TASK)["tau"] is not None


@pytest.mark.parametrize(("part", "what"), [(POOL, "pool"), (TEST, "test part")])
def test_constant_targets_are_refused_at_once(part, what):
    constant = TARGETS.copy()
    constant[part] = 3.5
    with pytest.raises(PredictorError, match=f"targets of the {what} are 3.5"):
        fits(constant, constant)


def test_what_cannot_be_fitted_is_told_before_the_first_fit(monkeypatch):
    with pytest.raises(UnknownName, match="did you mean 'gates'"):
        fits().check(neural_tasks(["gate"], ["hinge"], [20], 1))
    with pytest.raises(UnknownName, match="did you mean 'hinge'"):
        fits().check(neural_tasks(["gates"], ["hing"], [20], 1))

    def refuse(*_):
        raise PredictorError("such graphs are not for me")

    monkeypatch.setattr(NeuralPredictor, "_new_scorer", refuse)
    with pytest.raises(PredictorError, match="the encoder gates with the loss hinge: such graphs"):
        fits().check([TASK])


def test_the_digest_sees_every_number_and_row():
    same = fits().digest
    changed = TARGETS.copy()
    changed[POOL[5]] += 1e-9
    assert fits().digest == same
    assert fits(targets=changed).digest != same
    assert fits(test_targets=changed).digest == same  # that place is not tested on
    assert NeuralFits(SPACE, SPLIT, ROWS[::-1], TARGETS, TARGETS).digest != same


def test_larger_fits_cost_more():
    work = fits()
    assert work.cost({**TASK, "size": 200}) > work.cost(TASK)
