"""Tables, plots and doses that need both the headers of a case and its numbers."""
