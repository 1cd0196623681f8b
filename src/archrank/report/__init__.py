"""archrank.report."""
