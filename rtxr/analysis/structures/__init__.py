"""Contours and masks: planes, slabs, areas, exact partial volumes."""
