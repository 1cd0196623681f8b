from .automatic import auto as auto
from .base import Predictor as Predictor
from .ensemble import Ensemble as Ensemble
from .gaussian import GaussianProcess as GaussianProcess
from .loading import load_predictor as load_predictor
from .named import named_predictor as named_predictor
from .neural import NeuralPredictor as NeuralPredictor
from .trees import BoostedTrees as BoostedTrees
