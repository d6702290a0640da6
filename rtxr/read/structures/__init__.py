"""Contours of structure sets in bulk, and what is odd about them."""
