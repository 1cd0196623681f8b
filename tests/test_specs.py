import pytest

from archrank.errors import ArchrankError, UnknownName
from archrank.predictors.named import PREDICTORS, PredictorOptions
from archrank.specs import parse_spec, parse_specs, spec_of
from archrank.strategies.named import STRATEGIES, StrategyOptions


def test_options_are_typed_by_their_fields():
    options = parse_spec(" guided:encoder=gcn:round=5:shrink=0.5 ", StrategyOptions, STRATEGIES)
    assert (options.strategy, options.encoder, options.round, options.shrink) == ("guided", "gcn", 5, 0.5)
    assert options.loss == StrategyOptions().loss


def test_a_value_may_hold_colons():
    assert (
        parse_spec("guided:encoder=mine.py:Mine:loss=mse", StrategyOptions, STRATEGIES).encoder
        == "mine.py:Mine"
    )


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_plain_name_is_its_own_short_form(name):
    assert spec_of(parse_spec(name, StrategyOptions, STRATEGIES)) == name


def test_the_short_form_says_what_differs_from_the_defaults_in_a_fixed_order():
    assert (
        spec_of(parse_spec("guided:initial=10:loss=mse:encoder=gcn", StrategyOptions, STRATEGIES))
        == "guided:encoder=gcn:loss=mse"
    )
    assert parse_spec(
        spec_of(parse_spec("guided:round=7:initial=9", StrategyOptions, STRATEGIES)),
        StrategyOptions,
        STRATEGIES,
    ) == parse_spec("guided:initial=9:round=7", StrategyOptions, STRATEGIES)


@pytest.mark.parametrize(
    ("texts", "error", "said"),
    [
        ([], ArchrankError, "no strategy is named; name some of guided"),
        (["guided", "guided:initial=10"], ArchrankError, "'guided:initial=10' is named twice"),
        (["gided"], UnknownName, "unknown strategy 'gided'; did you mean 'guided'"),
        (["guided:encodr=gcn"], UnknownName, "unknown option in 'guided:encodr=gcn' 'encodr'; did you mean 'encoder'"),
        (["guided:strategy=random"], UnknownName, "unknown option"),
        (["guided:gcn"], ArchrankError, "':gcn' is no option; expected option=value after guided:"),
        (["guided:round=many"], ArchrankError, "round is 'many', expected a whole number"),
        (["guided:shrink=half"], ArchrankError, "shrink is 'half', expected a number"),
        (["guided:round=5:round=6"], ArchrankError, "gives round twice"),
        (["evolution:encoder=gcn"], ArchrankError, "evolution has no option encoder; its options are unique_by"),
    ],
)  # fmt: skip
def test_mistakes_say_what_was_expected(texts, error, said):
    with pytest.raises(error) as refused:
        parse_specs(texts, StrategyOptions, STRATEGIES)
    assert said in str(refused.value)


@pytest.mark.parametrize("name", PREDICTORS)
def test_predictors_are_named_likewise(name):
    assert spec_of(parse_spec(name, PredictorOptions, PREDICTORS)) == name
    assert (
        spec_of(parse_spec("neural:members=2:encoder=gcn", PredictorOptions, PREDICTORS))
        == "neural:encoder=gcn:members=2"
    )


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "no predictor is named; name some of auto"),
        (["tree"], "unknown predictor 'tree'; did you mean 'trees'"),
        (["trees:effort=fast"], "trees has no option effort; its options are members, bootstrap"),
        (["gaussian-process:members=3"], "has no option members; its options are bootstrap"),
    ],
)
def test_mistakes_in_predictors_say_what_was_expected(texts, said):
    with pytest.raises(ArchrankError) as refused:
        parse_specs(texts, PredictorOptions, PREDICTORS)
    assert said in str(refused.value)
