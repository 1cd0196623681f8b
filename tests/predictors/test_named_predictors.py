import pytest

from archrank.encoders import GCN
from archrank.errors import ArchrankError, UnknownName
from archrank.predictors import BoostedTrees, Ensemble, GaussianProcess, NeuralPredictor
from archrank.predictors.named import PREDICTORS, described, named_predictor
from archrank.ranking import MSE
from archrank.spaces import NASBench201

SPACE = NASBench201()


def test_the_default_is_auto():
    assert repr(named_predictor(SPACE)) == repr(named_predictor(SPACE, predictor="auto", effort="balanced"))
    assert isinstance(named_predictor(SPACE), Ensemble)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("neural", NeuralPredictor), ("trees", BoostedTrees), ("gaussian-process", GaussianProcess)],
)
def test_every_name_makes_its_predictor_with_the_seed(name, kind):
    assert name in PREDICTORS
    found = named_predictor(SPACE, predictor=name, seed=7)
    assert type(found) is kind
    assert found.seed == 7


def test_naming_an_encoder_or_a_loss_asks_for_a_network():
    found = named_predictor(SPACE, encoder="gcn", members=2)
    assert (found.encoder, found.members) == (GCN, 2)
    assert isinstance(named_predictor(SPACE, loss="mse").loss, MSE)


def test_any_predictor_is_fitted_to_resamples():
    found = named_predictor(SPACE, predictor="gaussian-process", bootstrap=3, seed=7)
    assert (type(found), found.bootstrap, found.seed) == (Ensemble, True, 7)
    assert [type(each) for each in found.predictors] == [GaussianProcess] * 3
    assert described(found) == "3 fits to resamples, each of GaussianProcess"


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"predictor": "tree"}, UnknownName, "unknown predictor 'tree'; did you mean 'trees'"),
        ({"encoder": "gate"}, UnknownName, "unknown encoder 'gate'; did you mean 'gates'"),
        ({"loss": "hing"}, UnknownName, "unknown loss 'hing'; did you mean 'hinge'"),
        ({"effort": "quick"}, UnknownName, "unknown effort 'quick'"),
        (
            {"predictor": "trees", "encoder": "gcn"},
            ArchrankError,
            "'trees' has no option encoder; leave it out, or choose the predictor neural",
        ),
        ({"effort": "fast", "loss": "mse"}, ArchrankError, "'neural' has no option effort"),
        ({"bootstrap": 1}, ArchrankError, "bootstrap is 1; give 2 or more"),
    ],
)
def test_mistakes_are_named(options, error, said):
    with pytest.raises(error, match=said):
        named_predictor(SPACE, **options)
