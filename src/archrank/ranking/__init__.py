"""archrank.ranking."""
