from .importance import importance as importance
from .results import curve as curve
from .results import distribution as distribution
from .results import hypervolume as hypervolume
from .results import learning_curves as learning_curves
from .results import pareto as pareto
from .results import predicted as predicted
