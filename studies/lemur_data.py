"""The records and the code of LEMUR for CIFAR-10, read as data from the unpacked wheel of nn-dataset 2.1.2."""

import ast
import json
from functools import cache

RECORDS = "ab/nn/stat/train"
FOLDERS = "img-classification_cifar-10_acc_"
RESULTS = ("accuracy", "duration", "uid")
SIDE = 32
"""Pixels of a side of an image of CIFAR-10."""


def records(data, epoch=1):
    """What was measured after some epochs: (network, hyper-parameters, accuracy), sorted by network."""
    found = []
    for folder in sorted((data / RECORDS).glob(f"{FOLDERS}*")):
        path = folder / f"{epoch}.json"
        if path.exists():
            for row in json.loads(path.read_text(encoding="utf-8")):
                settings = {name: value for name, value in row.items() if name not in RESULTS}
                found.append((folder.name.removeprefix(FOLDERS), settings, row["accuracy"]))
    return found


def source(data, network):
    """The code of a network."""
    return (data / "ab/nn/nn" / f"{network}.py").read_text(encoding="utf-8")


@cache
def image_shape(data, transform):
    """Height and width of images after a transform of LEMUR, from its code, and whether they are complex numbers."""
    tree = ast.parse((data / "ab/nn/transform" / f"{transform}.py").read_text(encoding="utf-8"))
    steps = next(
        call.args[0].elts
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and named(call) == "Compose"
    )
    height, width, numbers = SIDE, SIDE, False
    for step in steps:
        name = named(step)
        if name == "ToComplex64":
            numbers = True
        elif name == "PadToSize":
            height = width = 800
        elif name in ("Resize", "CenterCrop", "RandomCrop", "RandomResizedCrop"):
            height, width = pair(step, "size")
        elif name == "Pad":
            high, wide = pair(step, "padding")
            height, width = height + 2 * high, width + 2 * wide
    return height, width, numbers


def named(call):
    """The name of what is called, without its module."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id


def pair(call, keyword):
    """The two whole numbers of an argument that is one or two."""
    given = next((word.value for word in call.keywords if word.arg == keyword), None) or call.args[0]
    value = ast.literal_eval(given)
    return value if isinstance(value, tuple) else (value, value)
