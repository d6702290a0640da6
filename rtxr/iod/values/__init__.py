"""What values may be, and how they are written: by VR and by attribute."""
