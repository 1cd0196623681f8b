import pytest

from archrank.cli.strategies import STRATEGIES, StrategyOptions
from archrank.cli.strategy_specs import parse_spec, parse_specs, spec_of
from archrank.errors import ArchrankError, UnknownName


def test_options_are_typed_by_their_fields():
    options = parse_spec(" guided:encoder=gcn:round=5:shrink=0.5 ")
    assert (options.strategy, options.encoder, options.round, options.shrink) == ("guided", "gcn", 5, 0.5)
    assert options.loss == StrategyOptions().loss


def test_a_value_may_hold_colons():
    assert parse_spec("guided:encoder=mine.py:Mine:loss=mse").encoder == "mine.py:Mine"


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_plain_name_is_its_own_short_form(name):
    assert spec_of(parse_spec(name)) == name


def test_the_short_form_says_what_differs_from_the_defaults_in_a_fixed_order():
    assert spec_of(parse_spec("guided:initial=20:loss=mse:encoder=gcn")) == "guided:encoder=gcn:loss=mse"
    assert parse_spec(spec_of(parse_spec("guided:round=7:initial=9"))) == parse_spec(
        "guided:initial=9:round=7"
    )


@pytest.mark.parametrize(
    ("texts", "error", "said"),
    [
        ([], ArchrankError, "no strategy is named; give --strategies some of guided"),
        (["guided", "guided:initial=20"], ArchrankError, "'guided:initial=20' is named twice"),
        (["gided"], UnknownName, "unknown strategy 'gided'; did you mean 'guided'"),
        (["guided:encodr=gcn"], UnknownName, "unknown option in 'guided:encodr=gcn' 'encodr'; did you mean 'encoder'"),
        (["guided:strategy=random"], UnknownName, "unknown option"),
        (["guided:gcn"], ArchrankError, "':gcn' is no option; expected option=value after guided:"),
        (["guided:round=many"], ArchrankError, "round is 'many', expected a whole number"),
        (["guided:shrink=half"], ArchrankError, "shrink is 'half', expected a number"),
        (["guided:round=5:round=6"], ArchrankError, "gives round twice"),
        (["evolution:encoder=gcn"], ArchrankError, "evolution does not look at encoder; its options are distinct"),
    ],
)  # fmt: skip
def test_mistakes_say_what_was_expected(texts, error, said):
    with pytest.raises(error) as refused:
        parse_specs(texts)
    assert said in str(refused.value)
