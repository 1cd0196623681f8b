from .encoders import check_encoder as check_encoder
from .losses import check_loss as check_loss
from .open_spaces import check_open_space as check_open_space
from .predictors import check_predictor as check_predictor
from .spaces import check_space as check_space
from .strategies import check_strategy as check_strategy
from .tables import check_table as check_table
