"""What an index needs of every file, read once and remembered."""
