"""From masks to contours."""
