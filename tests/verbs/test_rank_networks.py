"""Networks without a space, ranked by a few trained ones."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

import archrank as ar  # noqa: E402
from archrank.cli.main import app  # noqa: E402
from archrank.errors import PredictorError, SpaceError, TableError, TraceError, UnknownName  # noqa: E402
from archrank.network_pool import NetworkPool  # noqa: E402


def chain(width, depth):
    layers = [nn.Linear(4, width)]
    for _ in range(depth):
        layers += [nn.ReLU(), nn.Linear(width, width)]
    return nn.Sequential(*layers)


POOL = {(width, depth): chain(width, depth) for width in (4, 8, 12, 16) for depth in range(5)}


def worth(key):
    width, depth = key
    return width + 3.0 * depth


def test_it_ranks_networks_by_their_graphs():
    keys = list(POOL)
    order = np.random.default_rng(0).permutation(len(keys))
    known, new = [keys[i] for i in order[:12]], [keys[i] for i in order[12:]]
    ranking = ar.rank_networks(
        [POOL[k] for k in known], [worth(k) for k in known], {str(k): POOL[k] for k in new}, example=(1, 4)
    )
    names = [ranking.space.format(each.architecture) for each in ranking]
    assert set(names) == {str(k) for k in new}
    best = max(new, key=worth)
    assert names.index(str(best)) < 2
    assert list(ranking.to_pandas()["architecture"]) == names


def test_further_inputs_tell_equal_networks_apart():
    net = chain(8, 1)
    epochs = [1, 2, 3, 4, 5, 6, 7, 8]
    ranking = ar.rank_networks(
        [net] * 8,
        [10.0 * e for e in epochs],
        [net, net],
        example=(1, 4),
        inputs={"epochs": epochs, "recipe": ["a"] * 8},
        candidate_inputs={"epochs": [7.5, 1.5], "recipe": ["a", "a"]},
    )
    assert ranking.space.format(ranking[0].architecture) == "candidate 0"
    assert ranking[0].predicted > ranking[1].predicted


def test_graphs_are_taken_as_they_are():
    graphs = [ar.trace(net, (1, 4)) for net in POOL.values()]
    ranking = ar.rank_networks(graphs, [worth(k) for k in POOL], graphs[:3], minimize=True, top=1)
    assert len(ranking) == 1


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


def test_a_wrong_name_in_a_file_is_named(tmp_path):
    file = tmp_path / "misnamed_networks.py"
    file.write_text("def net():\n    return None\n")
    with pytest.raises(
        UnknownName, match=r"the network '.*misnamed_networks.py:nett': unknown .*did you mean 'net'"
    ):
        ar.rank_networks(list(POOL.values()), [worth(k) for k in POOL], [f"{file}:nett"], example=(1, 4))


def test_what_cannot_be_traced_is_an_error_or_left_out():
    models, values = list(POOL.values()), [worth(k) for k in POOL]
    with pytest.raises(TraceError, match="the network 'candidate 0'"):
        ar.rank_networks(models, values, [Branching()], example=(1, 4))
    with pytest.warns(UserWarning, match="1 of 2 networks were left out: candidate 0"):
        ranking = ar.rank_networks(models, values, [Branching(), chain(6, 2)], example=(1, 4), skip=True)
    assert len(ranking) == 1


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"models": list(POOL.values())[:3], "values": [1, 2, 3]},
            TableError,
            "3 trained networks are too few",
        ),
        ({"candidates": []}, TableError, "no candidate"),
        ({"values": [1.0]}, PredictorError, "shape"),
        ({"models": chain(4, 1)}, TableError, "expected a list of networks"),
        ({"candidates": "net.onnx"}, TableError, "expected a list of networks"),
        ({"inputs": {"epochs": [1] * 20}}, TableError, "give the same"),
        ({"inputs": {"epochs": [1]}, "candidate_inputs": {"epochs": [1]}}, TableError, "1 values for 20"),
        ({"top": 0}, ar.ArchrankError, "top is 0"),
    ],
)
def test_what_cannot_be_ranked_is_refused(change, error, message):
    given = {"models": list(POOL.values()), "values": [worth(k) for k in POOL], "candidates": [chain(4, 1)]}
    with pytest.raises(error, match=message):
        ar.rank_networks(**given | change, example=(1, 4))


def test_a_name_with_two_values_is_refused(tmp_path):
    (tmp_path / "measured_nets.py").write_text(
        "from torch import nn\ndef net():\n    return nn.Linear(4, 2)\n"
    )
    name = f"{tmp_path}/measured_nets.py:net"
    with pytest.raises(TableError, match=r"measured_nets.py:net' was measured as 1 and as 9; give it once"):
        ar.rank_networks([name] * 6, [1, 1, 1, 1, 9, 1], [name], example=(1, 4))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"recipe": [None]}, "no value at all"),
        ({"recipe": [object()]}, "all texts or all numbers"),
        ({"recipe": [float("inf")]}, "not finite"),
        ({"recipe": ["a", "b"]}, "2 values for 1 networks"),
    ],
)
def test_a_pool_refuses_inputs_that_do_not_fit(inputs, message):
    with pytest.raises(SpaceError, match=message):
        NetworkPool({"a": ar.trace(chain(4, 0), (1, 4))}, inputs)


def test_at_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ["from torch import nn"]
    for index, (width, depth) in enumerate(POOL):
        rest = f", nn.ReLU(), nn.Linear({width}, {width})" * depth
        lines.append(f"def n{index}():\n    return nn.Sequential(nn.Linear(4, {width}){rest})")
    (tmp_path / "networks_of_a_user.py").write_text("\n".join(lines))
    rows = [f"networks_of_a_user.py:n{i},{worth(k)}" for i, k in enumerate(POOL)]
    (tmp_path / "trained.csv").write_text("\n".join(["architecture,accuracy", *rows[::2]]))
    (tmp_path / "pool.csv").write_text("\n".join(["architecture", *(r.split(",")[0] for r in rows[1::2])]))
    words = ["rank", "networks", "--train", "trained.csv", "--target", "accuracy", "--candidates", "pool.csv"]
    ran = CliRunner().invoke(app, [*words, "--example", "1,4", "--top", "3"])
    assert ran.exit_code == 0, ran.output
    assert "networks_of_a_user.py:n" in ran.output
    assert len((tmp_path / "ranked.csv").read_text().splitlines()) == 4
    ranked = (tmp_path / "ranked.csv").read_text()
    without = [word for word in words if word not in ("--target", "accuracy")]
    assert CliRunner().invoke(app, [*without, "--example", "1,4", "--top", "3"]).exit_code == 0
    assert (tmp_path / "ranked.csv").read_text() == ranked
    table = (tmp_path / "trained.csv").read_text()
    for text, message in (
        (table.replace(",", ",x"), "no column of numbers to rank by"),
        ("\n".join(f"{line},{line.rpartition(',')[2]}" for line in table.splitlines()), "name the column"),
    ):
        (tmp_path / "trained.csv").write_text(text.replace("accuracy,accuracy", "accuracy,loss"))
        error = CliRunner().invoke(app, [*without, "--example", "1,4"]).exception
        assert message in str(error)
