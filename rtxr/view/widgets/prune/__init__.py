"""The pruning tree: a pure model, its scripts, and a thin shell."""
