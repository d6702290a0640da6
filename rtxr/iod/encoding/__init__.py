"""Elements and pixels as bytes: what nobody touches stays as it is."""
