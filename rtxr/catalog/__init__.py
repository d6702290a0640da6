"""From headers to cases: pure functions over a pandas table, without files.

The way goes through :mod:`~rtxr.catalog.table` (what a row is), :mod:`~rtxr.catalog.duplicates`
(which copy is used), :mod:`~rtxr.catalog.stacks` (series to images) with
:mod:`~rtxr.catalog.dynamic` (several images at one position), :mod:`~rtxr.catalog.links`
(references) and :mod:`~rtxr.catalog.cases` (what opens together).
"""

from rtxr.catalog.cases import Case, Catalog, find_cases
from rtxr.catalog.table import COLUMNS, PERSONAL, Row, build_table

__all__ = ["COLUMNS", "PERSONAL", "Case", "Catalog", "Row", "build_table", "find_cases"]
