"""The gamma index of two doses."""
