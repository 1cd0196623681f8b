"""The training loop: it learns, goes on exactly where it stopped, and says what is wrong."""

import itertools
import json
import sys
from dataclasses import replace

import pytest
import torch
from digits_trainings import CELLS, RECIPE, SPACE, network_of, stripes
from safetensors import safe_open
from safetensors.torch import save_file

from archrank.errors import TrainingError, UnknownName
from archrank.training import accuracy, read_curve, train

# All that is drawn at random: order, changes of images, dropped paths, dropout; and the auxiliary head.
EVERYTHING = RECIPE.but(
    cells=3, channels=2, crop=1, flip=True, cutout=2, drop_path=0.3, dropout=0.2, auxiliary=0.4, warm_up=0.5
)


def without_time(curve):
    return [replace(epoch, seconds=0.0) for epoch in curve]


def test_it_learns_and_tells_how():
    data = stripes()
    network = network_of(SPACE, RECIPE, data, place=3)
    trained = train(network, data, RECIPE, device="cpu")
    assert [epoch.epoch for epoch in trained.curve] == [1, 2, 3]
    assert trained.stopped is None
    assert trained.curve[-1].train_loss < trained.curve[0].train_loss
    assert trained.valid_accuracy > 0.9
    again = accuracy(network, data.validation, data)
    assert (again.accuracy, again.loss) == (trained.valid_accuracy, trained.curve[-1].valid_loss)
    assert again.top5 is None


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adamw", "learning_rate": 0.01}], ids=["sgd", "adamw"])
@pytest.mark.parametrize("where", ["after an epoch", "within an epoch"])
def test_an_interrupted_training_ends_in_the_same_bits(tmp_path, changes, where):
    data, recipe = stripes(), EVERYTHING.but(**changes)
    whole = network_of(CELLS, recipe, data)
    curve = train(whole, data, recipe, seed=5, device="cpu").curve

    seen = []

    def interrupt_epoch(epoch):
        seen.append(epoch)
        if where == "after an epoch" and len(seen) == 2:
            raise KeyboardInterrupt

    def interrupt_batch(done, count):
        if where == "within an epoch" and len(seen) == 1 and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            network_of(CELLS, recipe, data),
            data,
            recipe,
            seed=5,
            device="cpu",
            folder=tmp_path,
            on_epoch=interrupt_epoch,
            on_batch=interrupt_batch,
        )
    # The weights that it begins with do not matter: all is in the checkpoint.
    torch.manual_seed(123)
    resumed = network_of(CELLS, recipe, data, seed=99)
    told = []
    went_on = train(resumed, data, recipe, seed=5, device="cpu", folder=tmp_path, on_epoch=told.append)
    assert without_time(went_on.curve) == without_time(curve)
    assert [epoch.epoch for epoch in told] == [1, 2, 3]
    assert read_curve(tmp_path / "curve.jsonl") == went_on.curve
    theirs = whole.state_dict()
    for name, tensor in resumed.state_dict().items():
        assert torch.equal(tensor, theirs[name]), name


def test_the_seed_decides_and_nothing_is_left_behind():
    data = stripes()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    curves = []
    for seed, global_seed in ((0, 1), (0, 2), (1, 1)):
        torch.manual_seed(global_seed)
        curves.append(
            without_time(
                train(network_of(CELLS, EVERYTHING, data), data, EVERYTHING, seed=seed, device="cpu").curve
            )
        )
    assert curves[0] == curves[1] != curves[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_a_finished_training_is_read_and_another_one_is_refused(tmp_path):
    data = stripes()
    first = network_of(SPACE, RECIPE, data)
    curve = train(first, data, RECIPE, device="cpu", folder=tmp_path).curve
    second = network_of(SPACE, RECIPE, data, seed=3)
    assert train(second, data, RECIPE, device="cpu", folder=tmp_path).curve == curve
    assert torch.equal(second.state_dict()["head.3.weight"], first.state_dict()["head.3.weight"])
    longer = RECIPE.but(epochs=4)
    with pytest.raises(
        TrainingError, match=r"another training: recipe\.epochs is 3 there and 4 here\. Train"
    ):
        train(network_of(SPACE, longer, data), data, longer, device="cpu", folder=tmp_path)
    with pytest.raises(TrainingError, match="another training: network is"):
        train(network_of(SPACE, RECIPE, data, place=2), data, RECIPE, device="cpu", folder=tmp_path)
    checkpoint = tmp_path / "checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    with pytest.raises(TrainingError, match=r"damaged .* remove it to begin anew"):
        train(network_of(SPACE, RECIPE, data), data, RECIPE, device="cpu", folder=tmp_path)


def test_a_final_training_learns_from_all_but_the_test(tmp_path):
    data = stripes()
    seen = []
    trained = train(
        network_of(SPACE, RECIPE, data), data, RECIPE, device="cpu", final=True, folder=tmp_path,
        on_batch=lambda done, count: seen.append(count),
    )  # fmt: skip
    assert seen[0] == (len(data.train) + len(data.validation)) // RECIPE.batch
    assert trained.valid_accuracy is None
    line = json.loads((tmp_path / "curve.jsonl").read_text().splitlines()[-1])
    assert (line["valid_accuracy"], line["valid_loss"]) == (None, None)


def test_what_cannot_be_trained_is_told():
    data = stripes()
    wild = RECIPE.but(learning_rate=1e9, final_learning_rate=0.0)
    with pytest.raises(
        TrainingError, match=r"loss became (nan|inf) in epoch 1: give a smaller learning_rate"
    ):
        train(network_of(SPACE, wild, data, place=3), data, wild, device="cpu")
    large = RECIPE.but(image_size=9)
    with pytest.raises(TrainingError, match=r"asks for images of 9 pixels.*8×8"):
        train(network_of(SPACE, RECIPE, data), data, large, device="cpu")
    with pytest.raises(UnknownName, match="did you mean 'cuda'"):
        train(network_of(SPACE, RECIPE, data), data, RECIPE, device="cud")
    if not torch.cuda.is_available():
        with pytest.raises(TrainingError, match=r"no device cuda:1 .* it can use .*cpu"):
            train(network_of(SPACE, RECIPE, data), data, RECIPE, device="cuda:1")


NO_ROOM = (
    torch.OutOfMemoryError("CUDA out of memory"),
    MemoryError(),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to"
    ),
)


@pytest.mark.parametrize("error", NO_ROOM, ids=lambda error: type(error).__name__)
def test_too_little_memory_names_the_batch(monkeypatch, error):
    data = stripes()
    network = network_of(SPACE, RECIPE, data)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(network, "with_auxiliary", fail)
    with pytest.raises(TrainingError, match="not enough memory on cpu for batches of 16 images"):
        train(network, data, RECIPE, device="cpu")


def test_time_ends_a_training_between_epochs(monkeypatch):
    data, long = stripes(), RECIPE.but(epochs=1_000)
    clock = itertools.count()  # a second passes whenever somebody looks at it
    monkeypatch.setattr(
        sys.modules["archrank.training.train"].time, "perf_counter", lambda: float(next(clock))
    )
    trained = train(network_of(SPACE, long, data), data, long, device="cpu", time_limit=20)
    assert trained.stopped == "time"
    assert trained.seconds + trained.curve[-1].seconds > 20 >= trained.seconds
    with pytest.raises(
        TrainingError, match=r"the time limit is shorter than one epoch \(2 of 5 batches were finished\)"
    ):
        train(network_of(SPACE, long, data), data, long, device="cpu", time_limit=1)


def test_smaller_images_are_averages(tmp_path):
    data, half = stripes(), RECIPE.but(image_size=4)
    network = network_of(SPACE, half, data, place=3)
    seen = []
    network.register_forward_hook(lambda module, given, result: seen.append(given[0].shape[-2:]))
    network.stem.register_forward_hook(lambda module, given, result: seen.append(given[0].shape[-2:]))
    train(network, data, half, device="cpu")
    assert set(seen) == {(4, 4)}


def test_many_classes_have_their_five_likeliest():
    data = stripes(classes=2)
    twenty = replace(data, classes=tuple(map(str, range(20))))
    network = network_of(SPACE, RECIPE, twenty, place=3)
    found = accuracy(network, twenty.validation, twenty)
    assert found.accuracy <= found.top5 <= 1
    with torch.no_grad():
        network.head[-1].weight.zero_()
        network.head[-1].bias.copy_(torch.tensor([4.0, 5.0, 3.0] + [0.0] * 17))
    found = accuracy(network, twenty.validation, twenty)
    assert found.top5 == 1.0
    assert found.accuracy == pytest.approx((twenty.validation.labels == 1).mean())


def test_a_checkpoint_of_release_0_1_is_continued(tmp_path):
    data = stripes()

    def trained(epochs, folder):
        network = network_of(SPACE, RECIPE, data)
        seen = train(network, data, RECIPE, device="cpu", folder=folder, on_epoch=lambda e: e.epoch == epochs)
        return seen.curve, network.state_dict()

    trained(1, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["training"])
        tensors = {name.replace("optimizer.", "optimiser."): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert any(name.startswith("optimiser.") for name in tensors)
    fingerprint = header.pop("fingerprint")
    fingerprint["recipe.optimiser"] = fingerprint.pop("recipe.optimizer")
    metadata = {"format": "archrank checkpoint 1", "training": json.dumps({"facts": fingerprint, **header})}
    save_file(tensors, path, metadata)
    (curve, weights), (whole, expected) = trained(3, tmp_path), trained(3, None)
    assert [epoch.train_loss for epoch in curve] == [epoch.train_loss for epoch in whole]
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
