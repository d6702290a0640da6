"""RT Images made of images, templates and a plan."""
