"""The distances of the Gaussian process's kernel, from their definition."""

import numpy as np

from archrank.predictors.feature_map import feature_map


def distances(predictor, a, b):
    """Between candidates ``a`` and ``b``, in the predictor's lengths."""
    deep = feature_map(predictor.space).deep
    weights = np.where(deep, predictor.depth_ / deep.sum(), (1 - predictor.depth_) / (~deep).sum())
    gaps = a.features[:, None].astype(float) - b.features[None]
    return np.sqrt((weights * gaps**2).sum(axis=2)) / predictor.length_
