"""Standardized uptake values of PET images."""
