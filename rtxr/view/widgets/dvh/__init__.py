"""The DVH plot: a pure model, its scripts, and a thin shell."""
