"""Forms: a job as a pure model, shown by a widget of :mod:`rtxr.view.widgets`.

A model knows no browser, its widget no DICOM; the function that opens a form puts both together.
"""
