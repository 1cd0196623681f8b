from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from archrank.report.drawing.layout import lay_out

GAP = (26.0, 12.0)


@st.composite
def acyclic(draw):
    count = draw(st.integers(1, 11))
    sizes = [
        (draw(st.sampled_from([16.0, 40.0, 95.0])), draw(st.sampled_from([16.0, 22.0]))) for _ in range(count)
    ]
    pairs = [(a, b) for a, b in combinations(range(count), 2)]
    lines = draw(st.lists(st.sampled_from(pairs), max_size=18)) if pairs else []
    return sizes, lines


@given(acyclic())
def test_boxes_never_overlap_and_stay_inside(graph):
    sizes, lines = graph
    layout = lay_out(sizes, lines, GAP)
    for (x, y), (width, height) in zip(layout.centers, sizes, strict=True):
        assert x - width / 2 >= -1e-6
        assert x + width / 2 <= layout.width + 1e-6
        assert y - height / 2 >= -1e-6
        assert y + height / 2 <= layout.height + 1e-6
    for a, b in combinations(range(len(sizes)), 2):
        apart_x = abs(layout.centers[a][0] - layout.centers[b][0]) - (sizes[a][0] + sizes[b][0]) / 2
        apart_y = abs(layout.centers[a][1] - layout.centers[b][1]) - (sizes[a][1] + sizes[b][1]) / 2
        assert apart_x > 0 or apart_y > 0


@given(acyclic())
def test_lines_run_to_the_right_and_pass_beside_boxes(graph):
    sizes, lines = graph
    layout = lay_out(sizes, lines, GAP)
    for (a, b), route in zip(lines, layout.routes, strict=True):
        stops = [layout.columns[a][1], *(x for x, _ in route), layout.columns[b][0]]
        assert all(left <= right for left, right in pairwise(stops))
        assert stops[0] < stops[-1]
        for (left, y), (right, _) in zip(route[::2], route[1::2], strict=True):
            for (x, center), (_, height) in zip(layout.centers, sizes, strict=True):
                assert not (left <= x <= right and abs(y - center) < height / 2)


def test_a_tangle_that_can_be_undone_is_undone():
    # Two chains whose ends are given in the wrong order.
    lines = [(0, 2), (1, 3), (2, 5), (3, 4)]
    layout = lay_out([(20.0, 20.0)] * 6, lines)
    heights = [y for _, y in layout.centers]
    assert (heights[0] < heights[1]) == (heights[2] < heights[3]) == (heights[5] < heights[4])


def test_a_chain_is_straight():
    layout = lay_out([(20.0, 20.0)] * 4, [(0, 1), (1, 2), (2, 3)])
    assert len({round(y, 6) for _, y in layout.centers}) == 1
