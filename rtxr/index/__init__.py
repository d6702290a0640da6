"""``scan`` a folder, prune the ``Index``, ``open`` a case: the way from files to Datasets."""

from rtxr.index.from_path import load, open_dir, open_tree, scan
from rtxr.index.index import Index
from rtxr.index.steps import Step, Steps

__all__ = ["Index", "Step", "Steps", "load", "open_dir", "open_tree", "scan"]
