"""Explanations of 50 pairs, contributions of all rows, and the report of the demo."""

import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.cohorts import read_benchmark_cohort
from benchmarks.speed.cohorts import make_cohort, shape, twin_tower
from benchmarks.speed.measure import Row, in_turn, median_ratio, seconds, told
from skmultimodal.inspection import (
    gene_attributions,
    modality_contributions,
    saliency_map,
)
from skmultimodal.inspection._explained import explain_rows
from skmultimodal.report import evaluate_cohort, evaluation_report

N_STEPS = 64
N_STEPS_QUICK = 8


def gradient_passes(model, X, modality, n_steps):
    """As many gradients as the integration takes, in batches of the same size."""

    def method(function, x, rest, rows):
        for _ in range(n_steps // 8):
            points = x.repeat(8, *[1] * (x.ndim - 1)).requires_grad_()
            others = rest[0].repeat(8, *[1] * (rest[0].ndim - 1))
            torch.autograd.grad(function(points, others).sum(), points)
        return (x,)

    explain_rows(model, X, modality, None).attribute(method)


def pairs_row(model, pairs, repeats):
    functions = [
        lambda: saliency_map(model, pairs, method="grad_cam"),
        lambda: gene_attributions(model, pairs),
    ]
    times = in_turn(functions, repeats)
    both = float(np.median(times.sum(axis=1)))
    note = told(times, ["Grad-CAM", "genes"])
    return Row("Grad-CAM and genes of 50 pairs", both, 10, unit="s", note=note)


def integration_row(model, pairs, modality, integrate, n_steps, repeats):
    functions = [
        lambda: integrate(model, pairs, n_steps=n_steps),
        lambda: gradient_passes(model, pairs, modality, n_steps),
    ]
    times = in_turn(functions, repeats)
    what = f"integrated gradients of 50 pairs ({modality}), to their gradients"
    note = told(times, ["integrated", f"{n_steps} gradients"])
    return Row(what, median_ratio(times), 1.2, note=note)


def contributions_row(model, X, repeats):
    parts = [X[X.paired], X[X.paired][:, ["image"]], X[X.paired][:, ["gene"]]]
    parts += [X[~X.paired]]

    def passes():
        for part in parts:
            model.predict_proba(part)

    times = in_turn([lambda: modality_contributions(model, X), passes], repeats)
    what = f"contributions of {len(X)} rows, to one pass a set of modalities"
    note = told(times, ["contributions", "passes"])
    return Row(what, median_ratio(times), 1.2, note=note)


def report_row(repeats):
    """What the report adds to the demo on simulated patients."""
    cohort = read_benchmark_cohort("synthetic")
    X, y = cohort.data, cohort.target
    whole, evaluation = seconds(lambda: evaluate_cohort(X, y, n_repeats=repeats))
    with tempfile.TemporaryDirectory() as folder:
        added, _ = seconds(
            lambda: evaluation_report(
                Path(folder) / "report.html",
                estimator=evaluation.model,
                X=X,
                y=y,
                comparison=evaluation.comparison,
                audit=evaluation.audit,
            )
        )
    note = f"beside {whole:.3g} s of comparison, audit and final fit"
    return Row("the report of make demo adds", added, 30, unit="s", note=note)


def rows(quick, repeats):
    """Rows of the table."""
    X, y = make_cohort(*shape(quick))
    model = twin_tower(quick).fit(X, y)
    pairs = X[X.paired]
    n_steps = N_STEPS_QUICK if quick else N_STEPS
    yield pairs_row(model, pairs, repeats)
    yield integration_row(model, pairs, "image", saliency_map, n_steps, repeats)
    yield integration_row(model, pairs, "gene", gene_attributions, n_steps, repeats)
    yield contributions_row(model, X, repeats)
    if not quick:  # the tests of the demo run it in small
        yield report_row(10)
