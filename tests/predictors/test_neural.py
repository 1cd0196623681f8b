import json
from itertools import pairwise

import numpy as np
import pytest
import torch

from archrank import Architecture, Choice
from archrank.encoders import ENCODERS, GATES
from archrank.errors import FileError, PredictorError
from archrank.predictors import NeuralPredictor, candidates, load_predictor
from archrank.ranking import MSE, PairwiseComparator, PairwiseHinge, kendall_tau
from archrank.spaces import NASBench101, NASBench201, NASBenchGraph
from archrank.testing import check_predictor

SPACE = NASBench201()
SMALL = GATES(layers=3, width=16)
KNOWN = list(dict.fromkeys(SPACE.sample(30, np.random.default_rng(0))))[:24]
TARGETS = np.array([a.choices.count(3) + 0.1 * a.choices.count(1) for a in KNOWN])
OTHERS = SPACE.sample(40, np.random.default_rng(1))


def small(space=SPACE, encoder=SMALL, **settings):
    """Quick, and the same whatever the defaults become."""
    own = {"hidden": (16,), "dropout": 0.0, "epochs": 20, "learning_rate": 5e-3, "schedule": "one-cycle"}
    return NeuralPredictor(space, encoder, **(own | settings))


def live_convolutions(architecture):
    """How many 3×3 convolutions lie on a path from the input to the output."""
    return sum(s.operation == "nor_conv_3x3" for s in SPACE.function(architecture).cells[0].sites)


@pytest.mark.parametrize("space", [SPACE, NASBenchGraph(), NASBench101(vertices=5)], ids=lambda s: s.name)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_conformance(space, encoder):
    check_predictor(lambda s: small(s, ENCODERS[encoder], hidden=(32, 32)), space)


@pytest.mark.parametrize(
    "settings",
    [
        {"members": 3},
        {"dropout": 0.2, "hidden": (16, 16)},
        {"batch_size": 14, "epochs": 10},
        {"schedule": "constant", "weight_decay": 0.01},
        {"hidden": ()},
        {"loss": PairwiseHinge(margin=0.5, ratio=1.0)},
        {"loss": MSE()},
        {"loss": MSE(sigmoid=True)},
        {"loss": PairwiseComparator(width=24, references=10), "members": 2, "dropout": 0.1},
        {"simplify": True},
        {"features": True},
        {"features": True, "members": 2, "dropout": 0.2, "batch_size": 14},
        {"features": True, "loss": PairwiseComparator(width=24, references=10)},
    ],
    ids=str,
)
def test_conformance_of_other_settings(settings):
    check_predictor(lambda s: small(s, **settings), SPACE)


def test_the_constructor_stores_its_settings_and_nothing_else():
    predictor = small(seed=3, members=2)
    assert vars(predictor).keys() == {
        "space", "encoder", "loss", "hidden", "dropout", "epochs", "batch_size", "learning_rate", "schedule",
        "weight_decay", "members", "seed", "simplify", "features",
    }  # fmt: skip
    assert (predictor.space, predictor.seed, predictor.members) == (SPACE, 3, 2)


def test_what_is_learnt_ends_in_an_underscore():
    predictor = small(encoder=GATES).fit(KNOWN, TARGETS)
    assert predictor.encoder_ == GATES()
    assert len(predictor.losses_) == 20
    assert predictor.losses_[-1] < 0.5 * predictor.losses_[0]
    on_node = NASBenchGraph()
    trees = on_node.sample(10, np.random.default_rng(0))
    assert small(on_node, GATES, epochs=1).fit(trees, range(10)).encoder_ == GATES.on_node()


@pytest.mark.parametrize("sigmoid", [False, True])
def test_a_regression_does_not_mind_the_unit_of_the_targets(sigmoid):
    """Percent or shares: the same guesses."""
    guesses = [
        small(loss=MSE(sigmoid), epochs=3).fit(KNOWN, 90 + scale * TARGETS).predict(OTHERS)
        for scale in (1.0, 0.01)
    ]
    np.testing.assert_allclose(guesses[0], guesses[1], atol=1e-3)


def test_simplified_architectures_of_one_function_get_one_score():
    whole = SPACE.architectures(SPACE.rows())
    groups = {}
    for architecture in whole[::3]:
        groups.setdefault(SPACE.function(architecture).key, []).append(architecture)
    twins = [group[:2] for group in groups.values() if len(group) > 1][:200]
    first, second = ([pair[side] for pair in twins] for side in (0, 1))
    plain, simplified = (small(epochs=2, simplify=s).fit(KNOWN, TARGETS) for s in (False, True))
    np.testing.assert_allclose(simplified.predict(first), simplified.predict(second), atol=1e-5)
    assert np.abs(plain.predict(first) - plain.predict(second)).max() > 1e-3


def test_it_learns_what_counts():
    """Of 60 cells it learns to count convolutions on live paths, and applies it to 500 others."""
    rng = np.random.default_rng(0)
    known, others = SPACE.sample(60, rng), SPACE.sample(500, rng)
    predictor = small(encoder=GATES(width=32), hidden=(32,), epochs=60)
    predictor.fit(known, [live_convolutions(a) for a in known])
    assert kendall_tau(predictor.predict(others), [live_convolutions(a) for a in others]) > 0.6


def test_minibatches_learn_it_too():
    rng = np.random.default_rng(0)
    known, others = SPACE.sample(60, rng), SPACE.sample(500, rng)
    predictor = small(encoder=GATES(width=32), hidden=(32,), epochs=30, batch_size=16)
    predictor.fit(known, [live_convolutions(a) for a in known])
    assert kendall_tau(predictor.predict(others), [live_convolutions(a) for a in others]) > 0.6


def test_cells_that_are_equal_after_relabelling_score_equal():
    """Two parallel branches of a cell, exchanged."""
    a, b = (Architecture(SPACE.name, row) for row in ((3, 1, 0, 0, 2, 4), (1, 3, 0, 0, 4, 2)))
    scores = small().fit(KNOWN, TARGETS).predict([a, b, KNOWN[0]])
    assert SPACE.graph(a).key == SPACE.graph(b).key
    assert scores[0] == scores[1] != scores[2]


def test_members_are_standardised_on_the_training_set_and_differ():
    predictor = small(members=3).fit(KNOWN, TARGETS)
    scores = predictor.predict_members(KNOWN)
    assert scores.shape == (3, 24)
    np.testing.assert_allclose(scores.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(scores.std(axis=1), 1, atol=1e-5)
    assert len({tuple(row) for row in scores.round(3).tolist()}) == 3


def test_candidates_are_collated_once_for_any_predictor_of_the_space():
    candidates = small().collate(OTHERS)
    assert len(candidates) == 40
    for settings in ({}, {"seed": 1}, {"simplify": True}, {"features": True}):
        predictor = small(**settings).fit(KNOWN, TARGETS)
        np.testing.assert_allclose(
            predictor.predict(candidates), predictor.predict(OTHERS), rtol=1e-4, atol=1e-5
        )
    other_encoder = small(encoder=GATES(layers=2, width=8)).fit(KNOWN, TARGETS)
    np.testing.assert_allclose(
        other_encoder.predict(candidates), other_encoder.predict(OTHERS), rtol=1e-4, atol=1e-5
    )


def test_another_seed_gives_another_fit():
    first, other = (small(seed=s).fit(KNOWN, TARGETS).predict(OTHERS) for s in (0, 1))
    assert not np.array_equal(first, other)
    assert kendall_tau(first, other) > 0.3


def test_only_the_order_of_targets_counts():
    expected = small().fit(KNOWN, TARGETS).predict(OTHERS)
    assert np.array_equal(small().fit(KNOWN, np.exp(TARGETS) - 100).predict(OTHERS), expected)


def test_targets_that_differ_little_are_still_told_apart():
    """Losses in the millions that differ by one part in 10⁸, as no float32 can."""
    expected = small().fit(KNOWN, TARGETS).predict(OTHERS)
    close = 1e9 + TARGETS.argsort().argsort()
    order = small().fit(KNOWN, TARGETS.argsort().argsort()).predict(OTHERS)
    assert np.array_equal(small().fit(KNOWN, close).predict(OTHERS), order)
    assert kendall_tau(order, expected) > 0.3


def test_fitting_pauses_after_every_epoch():
    predictor = small(epochs=4)
    seen = [(epoch, predictor.predict(OTHERS)) for epoch in predictor.fit_epochs(KNOWN, TARGETS)]
    assert [epoch for epoch, _ in seen] == [1, 2, 3, 4]
    assert all(not np.array_equal(a, b) for (_, a), (_, b) in pairwise(seen))
    # Looking on the way changes nothing.
    assert np.array_equal(seen[-1][1], small(epochs=4).fit(KNOWN, TARGETS).predict(OTHERS))


@pytest.mark.parametrize("n", [2, 3])
def test_very_few_architectures_are_enough(n):
    known, targets = [KNOWN[int(np.argmin(TARGETS))], KNOWN[int(np.argmax(TARGETS))], KNOWN[5]], [0, 1, 0.5]
    scores = small().fit(known[:n], targets[:n]).predict(known[:2])
    assert scores[1] > scores[0]


def test_the_number_of_threads_is_left_as_it_was():
    before = torch.get_num_threads()
    small(epochs=1).fit(KNOWN, TARGETS)
    with pytest.raises(PredictorError):
        small().fit(KNOWN, TARGETS[:-1])
    assert torch.get_num_threads() == before


def test_rows_are_scored_as_their_architectures():
    predictor = small().fit(KNOWN, TARGETS)
    rows = np.array([a.choices for a in OTHERS], dtype=np.int16)
    assert np.array_equal(predictor.predict(rows), predictor.predict(OTHERS))
    assert np.array_equal(predictor.predict(predictor.collate(rows)), predictor.predict(OTHERS))


def test_many_candidates_are_scored_a_part_at_a_time(monkeypatch):
    expected = small(members=2).fit(KNOWN, TARGETS).predict_members(OTHERS)
    monkeypatch.setattr(candidates, "_PART", 7)
    found = small(members=2).fit(KNOWN, TARGETS).predict_members(OTHERS)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_no_candidates():
    predictor = small(members=2).fit(KNOWN, TARGETS)
    assert predictor.predict([]).shape == (0,)
    assert predictor.predict_members([]).shape == (2, 0)


def test_an_architecture_of_another_space_is_named():
    tree = NASBenchGraph().sample(1, np.random.default_rng(0))
    with pytest.raises(
        PredictorError, match="'nas-bench-graph' was given where the space is 'nas-bench-201'"
    ):
        small().fit(KNOWN, TARGETS).predict(tree)


# Saving and loading


@pytest.fixture
def saved(tmp_path):
    predictor = small(members=2, seed=5).fit(KNOWN, TARGETS)
    predictor.save(tmp_path / "kept")
    return predictor, tmp_path / "kept"


def test_a_saved_predictor_is_two_files_of_data(saved):
    _, folder = saved
    assert sorted(p.name for p in folder.iterdir()) == ["predictor.json", "weights.safetensors"]
    record = json.loads((folder / "predictor.json").read_text(encoding="utf-8"))
    assert record["space"] == {"name": "nas-bench-201", "digest": SPACE.digest}
    assert record["learned"]["encoder"]["name"] == "gates"
    assert record["settings"]["seed"] == 5


def test_it_reads_back_to_the_bit(saved):
    predictor, folder = saved
    loaded = load_predictor(folder, NASBench201())
    assert np.array_equal(loaded.predict_members(OTHERS), predictor.predict_members(OTHERS))
    assert loaded.losses_ == predictor.losses_
    assert loaded.encoder_ == predictor.encoder_
    loaded.save(folder.parent / "again")
    for name in ("predictor.json", "weights.safetensors"):
        assert (folder.parent / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_what_was_loaded_can_be_fitted_anew(saved):
    predictor, folder = saved
    loaded = load_predictor(folder, SPACE).fit(KNOWN, TARGETS)
    assert np.array_equal(loaded.predict(OTHERS), predictor.predict(OTHERS))


def test_saving_over_an_older_one_replaces_it(saved):
    _, folder = saved
    other = small(seed=6).fit(KNOWN, TARGETS)
    other.save(folder)
    assert np.array_equal(load_predictor(folder, SPACE).predict(OTHERS), other.predict(OTHERS))


def test_nothing_is_saved_before_a_fit(tmp_path):
    with pytest.raises(PredictorError, match="not fitted yet"):
        small().save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(saved):
    predictor, folder = saved
    with pytest.raises(FileError, match=r"cannot write .*weights\.safetensors"):
        predictor.save(folder / "predictor.json" / "below a file")


class Renamed(NASBench201):
    name = "renamed"


class Larger(NASBench201):
    choices = (*NASBench201.choices, Choice("one more", ("a", "b")))


@pytest.mark.parametrize("space", [Renamed(), Larger(), NASBenchGraph()], ids=lambda s: type(s).__name__)
def test_another_space_is_refused(saved, space):
    _, folder = saved
    with pytest.raises(PredictorError, match=f"about the space .*nas-bench-201.*, not {space.name}"):
        load_predictor(folder, space)


def damage_weights(folder):
    weights = bytearray((folder / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(weights)


def truncate_weights(folder):
    weights = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights[: len(weights) // 2])


def truncate_record(folder):
    text = (folder / "predictor.json").read_text(encoding="utf-8")
    (folder / "predictor.json").write_text(text[: len(text) // 2], encoding="utf-8")


def edit(change):
    def edited(folder):
        record = json.loads((folder / "predictor.json").read_text(encoding="utf-8"))
        change(record)
        (folder / "predictor.json").write_text(json.dumps(record), encoding="utf-8")

    return edited


DAMAGES = {
    "weights": (damage_weights, r"weights\.safetensors .* is damaged"),
    "half the weights": (truncate_weights, r"weights\.safetensors .* is damaged"),
    "no weights": (lambda f: (f / "weights.safetensors").unlink(), "no saved predictor"),
    "no record": (lambda f: (f / "predictor.json").unlink(), "no saved predictor"),
    "half a record": (truncate_record, "no saved predictor"),
    "binary record": (lambda f: (f / "predictor.json").write_bytes(b"\xff\xfe\x00"), "no saved predictor"),
    "later format": (
        edit(lambda r: r.update(format=99)),
        "has format 99, this version of archrank reads 5; fit it again",
    ),
    "unknown encoder": (
        edit(lambda r: r["learned"]["encoder"].update(name="doors")),
        "saved with the encoder 'doors', which is unknown here",
    ),
    "unknown loss": (
        edit(lambda r: r["learned"]["loss"].update(name="love")),
        "saved with the loss 'love', which is unknown here",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_one_is_refused(saved, damage, message):
    _, folder = saved
    damage(folder)
    with pytest.raises(PredictorError, match=message):
        load_predictor(folder, SPACE)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(PredictorError, match="holds no saved predictor"):
        load_predictor(tmp_path / "nowhere", SPACE)
