"""archrank.predictors."""
