"""``scan`` a folder, prune the ``Index``, ``open`` a case: the way from files to Datasets."""

from rtxr.index.index import Index, load, open_dir, scan

__all__ = ["Index", "load", "open_dir", "scan"]
