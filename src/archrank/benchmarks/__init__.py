"""archrank.benchmarks."""
