"""Beams: what jaws and leaves leave open, and numbers of it (numpy only)."""
