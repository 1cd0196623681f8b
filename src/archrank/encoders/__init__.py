"""archrank.encoders."""
