"""The slice viewer: a pure model, its scripts, and a thin shell."""
