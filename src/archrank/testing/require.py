"""The assertion of the conformance suites."""

__all__ = ["require"]


def require(holds: bool, message: str) -> None:
    """Raise ``AssertionError(message)`` unless ``holds``; ``python -O`` does not leave it out."""
    if not holds:
        raise AssertionError(message)
