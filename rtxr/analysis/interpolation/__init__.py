"""What lies between contours: outlines interpolated from plane to plane."""
