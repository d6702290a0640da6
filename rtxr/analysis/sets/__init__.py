"""Set expressions of structures, and margins."""
