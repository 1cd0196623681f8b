"""What every conformance suite says when a law does not hold."""

__all__ = ["require"]


def require(holds: bool, message: str) -> None:
    """Raise ``AssertionError(message)`` unless ``holds``; ``python -O`` does not leave it out."""
    if not holds:
        raise AssertionError(message)
