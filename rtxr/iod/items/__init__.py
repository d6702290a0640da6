"""Items of sequences, made from plain arrays and table rows, and read back."""
