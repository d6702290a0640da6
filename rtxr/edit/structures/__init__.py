"""Structures added, combined, renamed and removed."""
