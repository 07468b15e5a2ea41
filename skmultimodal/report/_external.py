"""The report of an evaluation in another hospital: one HTML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skmultimodal.model_selection import ExternalEvaluation
from skmultimodal.report._evaluation import check_facts, check_report_path
from skmultimodal.report._rendering import write_sections
from skmultimodal.report._sections.external import check_external, external_numbers
from skmultimodal.report._sections.external_checklist import ITEMS, external_checklist
from skmultimodal.utils._labels import class_name

__all__ = ["external_report"]


def external_report(
    path: str | Path,
    evaluation: ExternalEvaluation,
    *,
    title: str | None = None,
    label: str | None = None,
    facts: Mapping[str, str] | None = None,
    figures: str | Path | None = None,
) -> Path:
    """Write a report on a fitted model in another hospital: one HTML file.

    The report follows the items of TRIPOD+AI that are about an evaluation: how good the
    model is there and for which patients, whether its probabilities come true, what
    recalibration would give, how the data differ from those of the training, and what
    is not shown. The file holds its figures, needs no network and runs no script. No id
    of a patient is in it.

    Parameters
    ----------
    path : str or path
        The file to write. Its folder must exist.
    evaluation : ExternalEvaluation
        Of `evaluate_external`.
    title : str, default=None
        None is "Evaluation of" the model's name.
    label : str, default=None
        What is predicted and how it was defined in this hospital, when and by whom.
    facts : dict of str to str, default=None
        What the data do not have, by heading, as of `evaluation_report`.
    figures : str or path, default=None
        Folder to write each figure to as SVG, with dark ink on white, such as for a
        manuscript. None writes none.

    Returns
    -------
    path : Path
        Where it was written.

    Raises
    ------
    ValueError
        If `evaluation` is something else.
    FileNotFoundError
        If there is no such folder.
    ImportError
        If jinja2 or matplotlib is absent (``skmultimodal[report]``).

    See Also
    --------
    skmultimodal.model_selection.evaluate_external : Makes the evaluation.
    evaluation_report : Of cross-validation in one cohort; this can be its last part.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmultimodal.model_selection import evaluate_external
    >>> from skmultimodal.report import external_report
    >>> X = np.random.default_rng(0).normal(size=(90, 4))
    >>> y = (X[:, 0] > 0).astype(int)
    >>> model = LogisticRegression().fit(X[:40], y[:40])
    >>> evaluation = evaluate_external(model, X[40:], y[40:])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = external_report(Path(folder) / "report.html", evaluation)
    ...     "How good is it here?" in path.read_text(encoding="utf-8")
    True
    """
    path = check_report_path(path)
    figures = None if figures is None else check_report_path(figures)
    check_external(evaluation)
    facts = check_facts(facts)
    numbers = external_numbers(evaluation)
    numbers["external_checklist"] = external_checklist(title, label, facts)
    shared = {
        "model": evaluation.model,
        "positive": class_name(evaluation.positive),
        "unit": "patient",
    }
    page: dict[str, Any] = {
        "title": title or None,
        "items": ITEMS,
        "made_by": "external_report",
    }
    page["figures"] = figures
    verdicts = ["external_performance"]
    return write_sections(path, numbers, shared, verdicts=verdicts, **page)
