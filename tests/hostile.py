"""Names that a file, a database or a user's program may give, each trouble for something that shows them."""

HOSTILE = (
    "$x^{",
    "$x^$",
    "\\[bold]red[/bold]",
    "[/nothing] {0} {missing} %s",
    '</script></style></title><img src=x onerror="alert(1)">',
    "<!-- --> --!> ]]> <svg onload=alert(1)>",
    "'\"`&amp;|*_~#",
    "```\n# heading\n| a | b |",
    "one\r\ntwo\tthree\n",
    "nothing \x00 bell \x07 escape \x1b[31mred\x1b[0m",
    "lone \ud800 surrogate \udcff",
    "turned \u202egnirts\u202c \u200fmark\u2067",
    "_hidden",
    "../../etc/passwd",
    "\u65e5\u672c\u8a9e \U0001f600",
    "",
    "x" * 10_000,
)
"""One a kind of trouble."""

EVERYTHING = " ".join(HOSTILE)
"""All of it in one name."""

PRINTABLE = " ".join(HOSTILE[:7])
"""What may name a metric: trouble that is printable, and short."""
