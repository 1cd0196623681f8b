"""archrank.study."""
