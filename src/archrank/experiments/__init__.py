"""Comparisons of predictors and of strategies: grids of fits and of searches."""
