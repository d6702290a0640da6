"""Values on grids: frames, resampling, even spacing."""
