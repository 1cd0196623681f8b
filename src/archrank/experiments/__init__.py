"""archrank.experiments."""
