"""archrank.strategies."""
