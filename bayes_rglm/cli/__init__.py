"""The command line: `bayes-rglm models | fit | contrast | report | predict`. No statistics in here.

app.py           the commands
options.py       their options; choices are listed from the registries
sources.py       a gallery name, a model file or a data file -> model and data
tables.py        csv and parquet files -> frames
screen.py        what is printed
predictions.py   predictions as a csv file
"""

from __future__ import annotations

from .app import app, main

__all__ = ["app", "main"]
