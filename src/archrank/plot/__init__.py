"""Figures of searches, trainings and comparisons."""
