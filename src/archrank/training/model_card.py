"""The model card of a trained network."""

from archrank.system.text import code, fenced, markdown, shortened
from archrank.training.model import Model

__all__ = ["model_card"]

_SHOWN = 10


def model_card(model: Model, onnx: bool) -> str:
    """A model card of a trained network, as Markdown.

    Args:
        model: The trained network.
        onnx: Whether there is an ONNX file.
    """
    metadata, last = model.metadata, model.curve[-1]
    data = metadata["data"]
    channels, height, width = model.image
    shown = ", ".join(markdown(shortened(name)) for name in model.classes[:_SHOWN]) + (
        ", …" if len(model.classes) > _SHOWN else ""
    )
    measured = [("training accuracy, during the last epoch", f"{last.train_accuracy:.2%}")]
    if last.valid_accuracy is not None:
        measured.append(("validation accuracy", f"{last.valid_accuracy:.2%}"))
    rows = [
        *measured,
        ("parameters", f"{metadata['parameters']:,}"),
        ("multiply-adds of an image", f"{metadata['multiply_adds']:,}"),
        ("training", f"{last.epoch} epochs, {metadata['seconds']:,.0f} s"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    name = markdown(shortened(str(data["name"])))
    settings = "\n".join(
        f"| {option} | {markdown(str(value))} |"
        for option, value in model.recipe.as_dict().items()
        if value is not None
    )
    learnt = "training and validation images" if metadata["final"] else "training images"
    also = (
        "\n`model.onnx` is the same network for other programs: `images` in, normalized, `logits` out.\n"
        if onnx
        else ""
    )
    return f"""# An image classifier for {name}

A network of the space {code(str(metadata["space"]))}, trained on the {learnt} of {name}
with the recipe {code(model.recipe.name)}. Its test accuracy is measured by `archrank evaluate` with this folder;
no decision was based on it.

| | |
|---|---|
{table}

![Learning curve](curve.svg)

## Use

```python
from archrank.training import Model

model = Model.load(".")
logits = model.network(images)  # (B, {channels}, {height}, {width}), normalized
```

- Pixels go from 0 to 1, then the mean {_numbers(model.mean)} is subtracted
  and the result is divided by {_numbers(model.deviation)}.
- The {len(model.classes)} classes, in the order of the logits: {shown} (all in `model.json`).
{also}
It knows only these classes, and images like its training images.

## The architecture

{fenced(str(metadata["architecture"]), "text")}

{type(model.skeleton).__name__} stacks its cells; `model.json` holds the graph.

## How it was trained

{fenced(str(metadata["command"]), "sh")}

| setting | value |
|---|---|
{settings}
"""


def _numbers(values: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{value:.4f}" for value in values) + ")"
