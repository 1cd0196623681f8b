"""The standard deviation of predictions in the unit of the targets."""

import numpy as np
import pytest

from archrank.predictors.unit import _around_line


def test_few_errors_around_a_line_tell_the_size_of_those_to_come():
    rng = np.random.default_rng(0)
    for n in (4, 8, 40):
        x, y = rng.normal(size=(2, 4_000, n))
        lines = [np.polyfit(of_x, of_y, 1) for of_x, of_y in zip(x, y, strict=True)]
        found = [_around_line(b - np.polyval(line, a)) for line, a, b in zip(lines, x, y, strict=True)]
        assert np.mean(np.square(found)) == pytest.approx(1.0, rel=0.05)
    assert _around_line(np.array([0.5])) == 0.5
