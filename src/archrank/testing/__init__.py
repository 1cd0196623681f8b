"""archrank.testing."""
