"""Doses: which is meant, in which unit, sums, biological effect."""
