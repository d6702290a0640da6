"""Dose volume histograms as they were stored (PS3.3 C.8.8.4)."""
