"""Finished objects to files: encoded, written aside, read back, moved into place."""
