"""Interactive widgets: one plain ES module each, run by anywidget, which is imported when needed.

A widget is its Python class, the parts of its ES module and its CSS, files of the same name beside
it; :mod:`~rtxr.view.widgets.pieces` puts them together. What it does to data is a pure Python
model that knows no browser.
"""
