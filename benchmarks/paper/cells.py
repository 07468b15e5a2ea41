"""A cell is one model on one fold: fitted once, kept on disk, found again."""

import ast
import hashlib
import json
import re
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
from tqdm import tqdm

import skmultimodal
from skmultimodal.model_selection import (
    PairedStratifiedKFold,
    PairedStratifiedShuffleSplit,
    compare_classifiers,
)
from skmultimodal.utils._digest import block_key
from skmultimodal.utils._files import whole_file

HOLD_OUT = "hold-out"
# Parts of the library that fit nothing; what they read is in the key of the data.
NO_MODELS = {"datasets", "inspection", "io", "persistence", "report", "testing"}


class Fold(NamedTuple):
    """Where a cell is tested; `repeat` is "hold-out" for the single split."""

    repeat: object
    fold: int
    train: np.ndarray
    test: np.ndarray


class Scheme(NamedTuple):
    """Rows, labels and folds that a table is run on."""

    name: str
    X: object
    y: np.ndarray
    folds: list
    n_splits: int
    n_repeats: int
    test_size: float


def make_scheme(name, X, y, *, n_splits, n_repeats, test_size, seed):
    """Cross-validation of the paired rows, and one hold-out of them.

    More repeats begin with the same ones, so that a run can be extended.
    """
    cv = PairedStratifiedKFold(n_splits, n_repeats, random_state=seed)
    folds = [
        Fold(number // n_splits, number % n_splits, train, test)
        for number, (train, test) in enumerate(cv.split(X, y))
    ]
    single = PairedStratifiedShuffleSplit(test_size=test_size, random_state=seed)
    for train, test in single.split(X, y):
        folds.append(Fold(HOLD_OUT, 0, train, test))
    return Scheme(name, X, y, folds, n_splits, n_repeats, test_size)


def run_cells(tasks, work, data_key):
    """Run what has not been run yet.

    Parameters
    ----------
    tasks : list of (Scheme, dict of str to estimator)
    work : Path
        Folder of the results; an interrupted run continues from it.
    data_key : str
        Names the data, so that results of others are not taken for these.

    Returns
    -------
    results : dict of (scheme name, model name) to list of (Fold, dict)
    failures : dict of (scheme name, model name) to str
        Why a model has no results.
    """
    results, failures, todo = {}, {}, []
    for scheme, models in tasks:
        places = {n: _place(work, scheme, n, m, data_key) for n, m in models.items()}
        for fold in scheme.folds:
            for name, model in models.items():
                path = places[name] / f"{fold.repeat}-{fold.fold}.json"
                found = _read_cell(path, fold)
                results.setdefault((scheme.name, name), [])
                if found is None:
                    todo.append((scheme, fold, name, model, path))
                else:
                    results[scheme.name, name].append((fold, found))
    done = sum(map(len, results.values()))
    # A log file gets a line now and then, a terminal a moving bar.
    seconds = 0.5 if sys.stderr.isatty() else 60
    with tqdm(
        total=done + len(todo),
        initial=done,
        unit="fit",
        mininterval=seconds,
        smoothing=0,
    ) as bar:
        for scheme, fold, name, model, path in todo:
            key = scheme.name, name
            if key not in failures:
                bar.set_postfix_str(name[:28], refresh=False)
                try:
                    cell = _run_cell(scheme, fold, name, model)
                except RuntimeError as error:
                    failures[key] = str(error.__cause__ or error)
                else:
                    _write_cell(path, cell)
                    results[key].append((fold, cell))
            bar.update()
    for key in failures:
        results.pop(key)
    for cells in results.values():
        # As if they had never been interrupted.
        cells.sort(key=lambda cell: (str(cell[0].repeat).zfill(9), cell[0].fold))
    return results, failures


def _run_cell(scheme, fold, name, model):
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        comparison = compare_classifiers(
            {name: model}, scheme.X, scheme.y, cv=[(fold.train, fold.test)]
        )
    table = comparison.predictions()
    said = dict.fromkeys(_generic(str(w.message)) for w in caught)
    return {
        "test": table["row"].tolist(),
        "y_true": table["y_true"].tolist(),
        "y_pred": table["y_pred"].tolist(),
        "proba": comparison.proba(name).to_numpy().tolist(),
        "seconds": time.perf_counter() - start,
        "warnings": list(said),
    }


def _generic(message):
    """The first sentence of a warning, without its numbers: one a model, not a fold."""
    return re.sub(r"\d[\d.]*", "#", message.split("\n")[0])[:160]


def _place(work, scheme, name, model, data_key):
    """Folder of a model's results; another setting or version has another one."""
    told = f"{data_key} {scheme.n_splits} {scheme.test_size} {describe(model)}"
    slug = re.sub(r"\W+", "-", name).strip("-").lower()
    scheme_slug = re.sub(r"\W+", "-", scheme.name)
    key = hashlib.sha256(told.encode()).hexdigest()[:12]
    return work / "cells" / scheme_slug / f"{slug}-{key}"


def describe(model):
    """Every setting of an estimator that can change its results, as text."""
    parts = [type(model).__name__]
    for name, value in sorted(model.get_params(deep=True).items()):
        if name.split("__")[-1] not in ("memory", "verbose", "n_jobs"):
            # Estimators in lists have their own parameters among these.
            shown = repr(value) if _is_plain(value) else type(value).__name__
            parts.append(f"{name}={shown}")
    return " ".join(parts)


def _is_plain(value):
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def key_of_data(X, y, seed):
    """Names rows, covariates, labels and seed: another cohort has other results."""
    blocks = [X.content_key(m, block_key) for m in X.modalities]
    positions = [X.positions(m) for m in X.modalities]
    labels = [str(label) for label in y]
    covariates = None if X.metadata is None else X.metadata.to_csv()
    ids = list(map(str, X.index))
    return joblib.hash((blocks, positions, ids, covariates, labels, seed))


def key_of_code():
    """Name the code of all models, without comments and docstrings.

    Results of other code are not these, and a run must not continue from them.
    """
    code = hashlib.sha256()
    systems = Path(__file__).parent / "systems"
    for root in (Path(skmultimodal.__file__).parent, systems):
        for path in sorted(root.rglob("*.py")):
            where = path.relative_to(root)
            if where.parts[0] not in NO_MODELS:
                code.update(f"{where.as_posix()} {_statements(path)}".encode())
    return code.hexdigest()[:12]


def _statements(path):
    """Syntax tree of a file, as text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        documented = isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef
        ) and ast.get_docstring(node, clean=False)
        if documented:
            node.body = node.body[1:]
    return ast.dump(tree)


def _read_cell(path, fold):
    if not path.is_file():
        return None
    cell = json.loads(path.read_text())
    return cell if cell["test"] == fold.test.tolist() else None


def _write_cell(path, cell):
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text(json.dumps(cell))
