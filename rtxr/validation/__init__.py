"""What can be wrong with DICOM objects: pure checks of one by itself, and of several together.

``rtxr.validate`` (:mod:`rtxr.index.validation`) puts files through all of them, and an export puts
what it would write through those of several objects.
"""
