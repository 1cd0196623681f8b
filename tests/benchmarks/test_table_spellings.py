"""Tables as people save them: separators, decimal signs, comments, encodings, seeds, and what failed."""

import json

import numpy as np
import pandas as pd
import pytest

from archrank.benchmarks import as_architectures, as_table, read_table
from archrank.benchmarks.numbers import WrongCell, read_numbers
from archrank.errors import TableError
from archrank.spaces import Darts, NASBench201

SPACE = NASBench201()
TEXTS = [SPACE.format(a) for a in SPACE.architectures(SPACE.rows()[3000:3006])]
VALUES = [81.5, 79.25, 84.0, 80.125, 83.5, 82.75]
FRAME = pd.DataFrame({"architecture": TEXTS, "accuracy": VALUES})


INDEXED = "".join(f"{i},{t},{v}\n" for i, (t, v) in enumerate(zip(TEXTS, VALUES, strict=True)))
COMMAS = [str(v).replace(".", ",") for v in VALUES]


def lines(*rows, sign=",", texts=TEXTS):
    return "".join(f"{text}{sign}{value}\n" for text, value in zip(texts, rows, strict=False))


def read(tmp_path, content, name="t.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, SPACE, **options)


SPELLINGS = {
    "semicolons and decimal commas": "architecture;accuracy\n" + lines(*COMMAS, sign=";"),
    "semicolons in quotes": 'architecture;"accuracy"\n' + lines(*VALUES, sign=" ; "),
    "tabs": "architecture\taccuracy\n" + lines(*VALUES, sign="\t"),
    "per cent signs": "architecture,accuracy\n" + lines(*[f"{v} %" for v in VALUES]),
    "quoted decimal commas with per cent": "architecture,accuracy\n"
    + lines(*['"' + str(v).replace(".", ",") + '%"' for v in VALUES]),
    "comments": "# trained with seed 3\n#\narchitecture,accuracy\n# first half\n"
    + lines(*VALUES)
    + "# end\n",
    "a header in a comment": "# architecture,accuracy\n" + lines(*VALUES),
    "blank lines and empty rows": "\n\narchitecture,accuracy\n\n" + lines(*VALUES) + "\n,\n , \n",
    "empty columns of a spreadsheet": "architecture,accuracy,,\n" + lines(*[f"{v},," for v in VALUES]),
    "an index column": ",architecture,accuracy\n" + INDEXED,
    "a named index column": "Unnamed: 0,architecture,accuracy\n" + INDEXED,
    "Excel's hint": "sep=;\narchitecture;accuracy\n" + lines(*VALUES, sign=";"),
    "a byte-order mark": "\ufeffarchitecture,accuracy\r\n" + lines(*VALUES).replace("\n", "\r\n"),
    "UTF-16": ("architecture\taccuracy\n" + lines(*VALUES, sign="\t")).encode("utf-16"),
    "minus signs and exponents": "architecture,accuracy\n" + lines(*[f"{v / 100}e2" for v in VALUES]),
    "spaces around": "architecture , accuracy\n" + lines(*[f"  {v}\t" for v in VALUES]),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_one_table_in_the_spellings_of_programs(tmp_path, name):
    table = read(tmp_path, SPELLINGS[name])
    assert [SPACE.format(a) for a in table.architectures] == TEXTS
    assert [m.name for m in table.metrics] == ["accuracy"]
    assert table.column().tolist() == VALUES
    assert (table.skipped, table.notes) == (0, ())


JSONS = {
    "records": FRAME.to_json(orient="records"),
    "columns": json.dumps({"architecture": TEXTS, "accuracy": VALUES}),
    "pandas columns": FRAME.to_json(orient="columns"),
    "pandas index": FRAME.to_json(orient="index"),
    "pandas split": FRAME.to_json(orient="split"),
    "numbers as texts": json.dumps(
        [{"architecture": t, "accuracy": f"{v}%"} for t, v in zip(TEXTS, VALUES, strict=True)]
    ),
}


@pytest.mark.parametrize("name", JSONS)
def test_json_tables(tmp_path, name):
    table = read(tmp_path, JSONS[name], "t.json")
    assert [SPACE.format(a) for a in table.architectures] == TEXTS
    assert table.column().tolist() == VALUES


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("5", "holds 5, expected a list of records"),
        ('{"a": 1}', "expected a list of records"),
        ("[1]", r"data row 1: 1, expected a JSON object"),
        ('{"columns": ["a"], "data": [[1, 2]]}', r"data row 1: \[1, 2\], expected 1 values"),
        ('{"architecture": [1], "y": []}', "columns of different lengths"),
        ("[" * 100_000, "RecursionError|recursion"),
        ('[{"y": ' + "9" * 5_000 + "}]", "t.json: .*digits"),
        ("[", "Expecting value"),
        ("[]", "holds no rows"),
    ],
)
def test_other_json_is_refused(tmp_path, content, message):
    with pytest.raises(TableError, match=message) as refused:
        read(tmp_path, content, "t.json")
    assert len(str(refused.value)) < 600


def test_words_blanks_and_numbers_that_are_none_are_counted_in_every_form(tmp_path):
    cells = ["81.5", "", "OOM", "nan", "N/A", "82.75"]
    content = "architecture,accuracy\n" + lines(*cells)
    frame = pd.DataFrame({"architecture": TEXTS, "accuracy": cells})
    for table in (read(tmp_path, content), as_table(SPACE, frame), as_table(SPACE, frame.to_dict("list"))):
        assert table.column().tolist() == [81.5, 82.75]
        assert table.skipped == 4
        assert "'OOM'" in table.notes[0]
    with pytest.raises(TableError, match="'OOM' in column 'accuracy', which holds no number in any row"):
        read(tmp_path, "architecture,accuracy\n" + lines("OOM", "-", "failed"), metrics=["accuracy"])


def test_several_rows_of_an_architecture_are_averaged_on_request(tmp_path):
    content = "architecture,seed,accuracy,latency\n" + "".join(
        f"{text},{seed},{value + seed},{'' if seed else 7}\n"
        for text, value in zip(TEXTS, VALUES, strict=True)
        for seed in range(3)
    )
    with pytest.raises(
        TableError,
        match=r"data row 1 .*data row 2 .*81.5 and 82.5; average them \(.*--average",
    ):
        read(tmp_path, content)
    table = read(tmp_path, content, average=True)
    assert [m.name for m in table.metrics] == ["accuracy", "latency"]
    assert table.column("accuracy").tolist() == [value + 1 for value in VALUES]
    assert table.column("latency").tolist() == [7] * 6
    assert table.metric().seeds == "mean of up to 3 rows"
    assert table.notes[0].endswith("are averaged: 6 architectures, up to 3 rows each")
    assert read(tmp_path, content, metrics=["seed"], average=True).column().tolist() == [1] * 6
    assert as_table(SPACE, FRAME, average=True).notes == ()


def test_a_column_of_architectures_under_another_name(tmp_path):
    content = "arch,accuracy\n" + lines(*VALUES)
    with pytest.raises(TableError, match=r"unknown column 'architecture'.*\(--architecture-column\)"):
        read(tmp_path, content)
    assert read(tmp_path, content, architecture_column="arch").column().tolist() == VALUES
    assert as_architectures(SPACE, tmp_path / "t.csv", architecture_column="arch") == SPACE.architectures(
        SPACE.rows()[3000:3006]
    )
    official = read(tmp_path, "arch,accuracy\n9,81\n0,82\n", architecture_column="arch")
    assert official.architectures == [SPACE.parse("9"), SPACE.parse("0")]


def test_encodings_are_named(tmp_path):
    content = ("architecture,accuracy,größe\n" + lines(*[f"{v},1" for v in VALUES])).encode("latin-1")
    with pytest.raises(
        TableError, match=r"is not UTF-8 text: byte \d+ .*encoding='latin-1' \(--encoding latin-1\)"
    ):
        read(tmp_path, content)
    table = read(tmp_path, content, encoding="latin-1")
    assert [m.name for m in table.metrics] == ["accuracy", "größe"]
    with pytest.raises(TableError, match="the encoding 'latin-99' is unknown"):
        read(tmp_path, content, encoding="latin-99")
    with pytest.raises(TableError, match="the encoding 'base64' is unknown"):
        read(tmp_path, content, encoding="base64")


def test_signs_between_cells_are_found_or_named(tmp_path):
    content = "architecture:accuracy\n" + lines(*VALUES, sign=":")
    assert read(tmp_path, content, delimiter=":").column().tolist() == VALUES
    with pytest.raises(TableError, match="unknown column 'architecture'"):
        read(tmp_path, content)
    with pytest.raises(TableError, match="the delimiter '::' is no single sign"):
        read(tmp_path, content, delimiter="::")
    # A genotype holds commas, so other signs or quotes are needed; the sign that sets the column apart wins.
    space = Darts(1)
    cell = "[('skip_connect', 0), ('sep_conv_3x3', 1)]"
    genotype = f"Genotype(normal={cell}, normal_concat=[2], reduce={cell}, reduce_concat=[2])"
    path = tmp_path / "g.csv"
    path.write_text(f"architecture;top1, top5\n{genotype};0,5\n")
    assert read_table(path, space).column().tolist() == [0.5]
    path.write_text(f"architecture,top1\n{genotype},0.5\n")
    with pytest.raises(
        TableError, match=r"data row 1 \(line 2\): 11 cells, but 2 columns; .*\(a comma\) needs quotes"
    ):
        read_table(path, space)


@pytest.mark.parametrize(
    ("cells", "decimal", "values"),
    [
        (["1,5", "2"], None, [1.5, 2]),
        (["1.234,5", "2,25"], None, [1234.5, 2.25]),
        (["1,234.5", "2.25"], None, [1234.5, 2.25]),
        (["1,234", "2.5"], None, [1234, 2.5]),
        (["1,234"], ",", [1.234]),
        (["1,234"], ".", [1234]),
        (["\u22121,5"], None, [-1.5]),
        ([3, "4", np.float32(0.5), None], None, [3, 4, 0.5, None]),
        ([10**400, "x", "-"], None, [None] * 3),
    ],
)
def test_decimal_signs(cells, decimal, values):
    found = read_numbers(cells, decimal).values.tolist()
    assert [None if value != value else value for value in found] == values


@pytest.mark.parametrize(
    ("cells", "row", "why"),
    [
        (["1,234", "5"], 0, r"decimal=',' or '.' \(--decimal\)"),
        (["1,5", "2.5"], 1, "two decimal signs"),
        (["50%", "0.5"], 1, "with a per cent sign"),
        (["1,2,3"], 0, "1,2,3"),
        (["1", "true"], 1, "true"),
        ([1.0, {}], 1, "{}"),
        (["1 000"], 0, "1 000"),
    ],
)
def test_what_could_be_several_numbers_is_refused(cells, row, why):
    with pytest.raises(WrongCell, match=why) as refused:
        read_numbers(cells)
    assert refused.value.row == row


def test_a_table_of_many_columns_is_read_in_linear_steps(tmp_path):
    """Fifty thousand columns: looking each name up among all others would take minutes."""
    names = [f"c{i}" for i in range(50_000)]
    content = f"architecture,{','.join(names)}\n" + "".join(
        f"{text},{','.join(['1'] * len(names))}\n" for text in TEXTS[:2]
    )
    table = read(tmp_path, content, metrics=["c49999"])
    assert table.column().tolist() == [1, 1]
    with pytest.raises(TableError, match="unknown column 'd'") as refused:
        read(tmp_path, content, metrics=["d"])
    assert len(str(refused.value)) < 1_000
    with pytest.raises(TableError, match="two columns named 'c0'"):
        read(tmp_path, content.replace("c49999", "c0", 1))


def test_chunks_of_a_long_file_are_one_column(tmp_path):
    rows = [(TEXTS[i % 6], i % 6, "x" if i == 12_345 else i % 6) for i in range(25_000)]
    content = "architecture,accuracy,mark\n" + "".join(f"{t},{a},{m}\n" for t, a, m in rows)
    table = read(tmp_path, content, average=True)
    assert (len(table), [m.name for m in table.metrics]) == (6, ["accuracy", "mark"])
    assert table.column("accuracy").tolist() == table.column("mark").tolist() == [*range(6)]
    assert len(read(tmp_path, content, metrics=["accuracy"])) == 6
    with pytest.raises(TableError, match=r"data row 1 \(line 2\) and data row 25001 \(line 25002\)"):
        read(tmp_path, f"{content}{TEXTS[0]},5,5\n", metrics=["accuracy"])
