"""Cases made of arrays."""
