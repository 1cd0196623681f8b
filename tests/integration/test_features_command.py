import json
import subprocess
import sys

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"


def features(*words):
    command = [sys.executable, "-m", "archrank.cli.main", "features", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_features_are_listed_with_their_values():
    done = features("nas-bench-201", CELL, "--json")
    assert done.returncode == 0, done.stderr
    found = {record["feature"]: record for record in json.loads(done.stdout)}
    # Of the two 3×3 convolutions one ends nowhere.
    assert found["live nor_conv_3x3"]["value"] == 1
    assert found["live nor_conv_1x1"]["value"] == 1
    assert found["live nor_conv_3x3"]["min"] == 0 < found["live nor_conv_3x3"]["mean"]


def test_without_an_architecture_the_space_is_described():
    done = features("nas-bench-graph")
    assert done.returncode == 0, done.stderr
    assert "longest path through gcn" in done.stdout
    assert "random ones, and predictors leave these out" in done.stdout.replace("\n", " ")


def test_a_mistake_is_one_message():
    done = features("nas-bench-201", "|conv~0|")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
