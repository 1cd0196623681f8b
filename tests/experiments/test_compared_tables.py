import pytest

from archrank.experiments.tables import compared_table
from archrank.spaces import NASBench201

SPACE = NASBench201()


def test_what_was_left_out_of_a_file_is_said(tmp_path):
    texts = [SPACE.format(architecture) for architecture in SPACE.architectures(SPACE.rows()[:4])]
    path = tmp_path / "MINE.CSV"
    path.write_text(
        "architecture,accuracy\n" + "".join(f"{text},{i or 'OOM'}\n" for i, text in enumerate(texts))
    )
    with pytest.warns(UserWarning, match="1 row of .*MINE.CSV without a number in 'accuracy' is left out"):
        table = compared_table(str(path), SPACE)
    assert (len(table), table.skipped) == (3, 1)
