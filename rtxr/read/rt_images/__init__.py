"""What RT Images say of their frames: planes, facts, and the table."""
