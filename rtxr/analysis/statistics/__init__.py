"""Dose to structures: histograms, metrics, goals."""
