"""A network as an ONNX file, which other programs than PyTorch can run."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from archrank.errors import TrainingError
from archrank.networks.network import Network

__all__ = ["onnx_bytes"]


def onnx_bytes(network: Network, image: tuple[int, int, int]) -> bytes:
    """The content of an ONNX file with the input ``images``, normalized, and the output ``logits``, for any batch size.

    Args:
        network: The network; its auxiliary head is left out.
        image: Channels, height and width of its input images.

    Raises:
        TrainingError: The packages onnx and onnxscript are not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise TrainingError(
            f"ONNX files need onnx and onnxscript ({error}): pip install 'archrank[training]'"
        ) from None
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (torch.zeros(2, *image, device=device),),
                dynamo=True,
                input_names=["images"],
                output_names=["logits"],
                dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
                verbose=False,
            )
    finally:
        network.train(training)
    assert program is not None
    content: bytes = program.model_proto.SerializeToString()
    return content


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's internal warnings, and those about packages that are not needed here."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
