"""Goals of the towers beside what is reached."""

import numpy as np
import pandas as pd

from benchmarks.accuracy.towers import (
    DEFAULT,
    EPOCHS,
    MRI_LABELS,
    NETWORK,
    SIMPLE,
    report,
)


def make_scores(cells):
    """Two draws of each (rows, label, model, AUC), .1 apart."""
    return pd.DataFrame(
        {
            "rows": rows,
            "label": label,
            "model": model,
            "draw": draw,
            "AUC": auc + 0.1 * draw - 0.05,
            "Brier": 0.2,
            "log-loss": 0.6,
            "slope": 1.0,
            "seconds": 3.0 if model == DEFAULT else 2.0,
        }
        for rows, label, model, auc in cells
        for draw in range(2)
    )


def test_image_goals():
    areas = {"a": (0.75, 0.5, 0.76), "b": (0.85, 0.6, 0.8)}
    cells = [
        (rows, label, model, auc)
        for rows in (95, 400)
        for label, found in areas.items()
        for model, auc in zip((DEFAULT, NETWORK, SIMPLE), found, strict=True)
    ]
    text = report(make_scores(cells), "image")
    least = "by -0.010 at least (a; goal -0.005)."
    wanted = "95 rows: AUC above statistics + logistic by 0.020 on average (goal 0.01)"
    assert f"- {wanted}, {least}" in text
    assert "- 95 rows: 1.50 times the network's seconds (goal 2)." in text
    wanted = "400 rows: AUC above network alone by 0.250 on average (goal 0)"
    assert f"- {wanted}, by 0.250 at least" in text
    assert "| a, 95 rows | 0.750 (0.050) |" in text


def test_mri_goals():
    found = zip(MRI_LABELS, (0.8, 0.6, 0.5, 0.7), strict=True)
    cells = [(30, label, DEFAULT, auc) for label, auc in found]
    text = report(make_scores(cells), "mri")
    assert "- Mean AUC of the labels 0.650 (goal .66)." in text
    assert "- AUC of idh_mut 0.800 (goal .76)." in text


def test_gene_goals():
    names = [DEFAULT, EPOCHS, "ridge logistic", "PCA + logistic"]
    areas = {
        (700, "tcga_brca, rna, pr"): (0.9, 0.8, 0.91, 0.7),
        (502, "tcga_brca, cnv, lobular"): (0.7, 0.8, 0.6, 0.68),
        (1000, "tcga_pancan, rna, os_2y"): (0.7, 0.8, 0.6, 0.7),
        (1566, "tcga_pancan, rna, os_2y"): (0.72, 0.73, 0.62, 0.7),
    }
    cells = [
        (*cell, model, auc)
        for cell, found in areas.items()
        for model, auc in zip(names, found, strict=True)
    ]
    text = report(make_scores(cells), "gene")
    assert "- tcga_brca, rna, pr, 700 rows: AUC 0.900 (goal .912)." in text
    many = "tcga_pancan, rna, os_2y, all rows: AUC above network, 30 epochs by -0.010"
    assert f"- {many} on average (goal -0.005)" in text
    gap = np.mean([-0.01, 0.1, 0.1, 0.1])
    assert f"- All cells: AUC above ridge logistic by {gap:.3f} on average" in text
    assert "by -0.010 at least (tcga_brca, rna, pr, 700 rows; goal -0.005)." in text
    few = "145 and 502 rows: AUC above PCA + logistic by 0.020 on average (goal 0)"
    assert f"- {few}" in text
