"""archrank commands."""
