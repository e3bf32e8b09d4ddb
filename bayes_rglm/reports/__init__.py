"""Reports: a contrast, a comparison or a fit as one self-contained HTML file.

    write_report(study, "report.html")
    answer(study)                        the result in plain words, as the page says it first

The page needs no network and no script, follows the reader's light or dark scheme, and prints. Every name that came
with the data is escaped.

    page.py          whole pages                words.py         the answer, statuses, claims
    scores.py        table and score figures    mathematics.py   the model and its priors
    calibration.py   calibration and cost
    fits.py          findings and diagnosis     setting.py       model, data, how to make it again
    vector.py        figures as inline SVG      recipes.py       code and versions
    markup.py        HTML                       page.html, style.css
"""

from __future__ import annotations

import os
from pathlib import Path

from ..comparison import Comparison
from ..errors import FileError
from ..results import Fit, check_one_response
from ..studies import Contrast
from . import files, page
from .files import check as check_path
from .files import write as write_file
from .recipes import versions
from .words import Answer, density_of
from .words import answer as _answer


def write_report(
    result: Contrast | Comparison | Fit,
    path: str | os.PathLike,
    *,
    title: str | None = None,
    data: str | None = None,
    command: str | None = None,
) -> Path:
    """Write `result` as one self-contained HTML file and return its path.

    Parameters
    ----------
    result : Contrast, Comparison or Fit
    path : path
        An existing folder; an old file is replaced, and kept where writing fails.
    title : str, optional
        The heading; one is made from the model otherwise.
    data : str, optional
        Python that gives the data, for the code that the page shows: 'rglm.gallery.data("count_log")'.
    command : str, optional
        A shell command that makes the same page.

    Raises
    ------
    FileError
        The folder is missing, the path is a folder, the file cannot be written, or `result` is something else.
    EstimatorError
        The model has several responses.
    """
    target = files.check(path)
    for fit in result.fits.values() if isinstance(result, Contrast) else [result] * isinstance(result, Fit):
        check_one_response(fit, "A report")
    if isinstance(result, Contrast):
        text = page.of_contrast(result, title or "", data, command)
    elif isinstance(result, Comparison):
        text = page.of_comparison(result, title or "")
    elif isinstance(result, Fit):
        text = page.of_fit(result, title or "", data, command)
    else:
        raise FileError(
            "A report is made of a Contrast, a Comparison or a Fit.",
            found=type(result).__name__,
            do="give what contrast, compare or fit returned",
        )
    return files.write(target, text)


def answer(result: Contrast | Comparison) -> Answer:
    """What a contrast or comparison found, in plain words: `.sentence`, and `.details` that keep it honest."""
    if isinstance(result, Contrast):
        methods = {name: estimator for name, (_, estimator) in result.methods.items()}
        return _answer(result.comparison, methods, density=density_of(result.model.family.measure))
    return _answer(result)


__all__ = ["Answer", "answer", "check_path", "versions", "write_file", "write_report"]
