"""Whether attributions find what was planted, and which genes they name in patients.

``python -m benchmarks.accuracy.attribution [--seeds 5] [--cohort FOLDER --label L]``

Simulated: the default cohort of ``make_glioma_cohort`` with 1,000 genes, of which 25
carry the signal, as does the brightness of the enhancing rim in ``t1ce``. Real: the
ranking of genes by models with several seeds, trained on the same patients.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy.pooling import markdown
from benchmarks.cohorts import read_benchmark_cohort
from skmultimodal import TwinTowerClassifier
from skmultimodal.datasets import make_glioma_cohort
from skmultimodal.inspection import gene_attributions, saliency_map

N_GENES = 1000
EXPLANATION = """`for` is the share of what speaks for the class (the positive part of
integrated gradients, summed over channels) that lies in a region, `all` that of the
absolute values; beside them the region's share of the area. `auc` is that of the model
on the pairs, whose images it did not train on ("tower") or which trained its final
estimator only ("fused"). `alike` is the correlation over the pixels of tumours with the
map of the same networks after their weights were permuted within each layer."""


def region_shares(heatmap, regions):
    """Shares of the attribution that lie in some masks (n_rows, height, width)."""
    speaking, absolute = np.maximum(heatmap, 0), np.abs(heatmap)
    shares = {}
    for name, mask in regions.items():
        shares[f"{name} for"] = (speaking * mask).sum() / speaking.sum()
        shares[f"{name} all"] = (absolute * mask).sum() / absolute.sum()
        shares[f"{name} area"] = mask.mean()
    return shares


def with_permuted_weights(tower, function, seed=0):
    """What a function returns while weights are permuted within each layer."""
    rng = np.random.default_rng(seed)
    trained = [member.weights_ for member in tower.estimators_]
    try:
        for member in tower.estimators_:
            member.weights_ = {
                name: rng.permutation(w.ravel()).reshape(w.shape)
                for name, w in member.weights_.items()
            }
            vars(member).pop("_module", None)
        return function()
    finally:
        for member, weights in zip(tower.estimators_, trained, strict=True):
            member.weights_ = weights
            vars(member).pop("_module", None)


def simulated(seed, **shape):
    """Maps and genes of a simulated cohort: a dict a model, and one of genes."""
    shape = {"n_genes": N_GENES, **shape}
    data = make_glioma_cohort(random_state=seed, **shape)
    X, y = data.data, data.target
    model = TwinTowerClassifier(random_state=seed).fit(X, y)
    pairs, labels = X[X.paired], y[X.paired]
    images, tower = np.asarray(pairs.block("image")), model.towers_["image"]
    regions = {
        "rim": data.signal_mask[X.positions("image")[X.paired]],
        "tumour": images[:, 4] > 0,
    }
    maps = []
    for name, estimator, rows in (("tower", tower, images), ("fused", model, pairs)):
        found = saliency_map(estimator, rows)
        lost = with_permuted_weights(
            tower, lambda estimator=estimator, rows=rows: saliency_map(estimator, rows)
        )
        tumour = regions["tumour"]
        maps.append(
            {
                "seed": seed,
                "model": name,
                "auc": roc_auc_score(labels, estimator.predict_proba(rows)[:, 1]),
                **region_shares(found.heatmap, regions),
                "alike": np.corrcoef(found.heatmap[tumour], lost.heatmap[tumour])[0, 1],
            }
        )
    ranking = gene_attributions(model, pairs).ranking
    planted = ranking.index.isin(data.signal_genes)
    genes = {
        "seed": seed,
        "planted": int(planted.sum()),
        "of them first": int(planted[: planted.sum()].sum()),
        "auc of the ranking": roc_auc_score(planted, ranking["importance"]),
    }
    return maps, genes


def real(cohort, label, n_seeds, n_top=20):
    """Ranking of genes by several models of one cohort, with its stability."""
    bunch = read_benchmark_cohort(cohort, label)
    X, y, title = bunch.data, bunch.target, bunch.title
    models = [TwinTowerClassifier(random_state=s).fit(X, y) for s in range(n_seeds)]
    result = gene_attributions(models, X[X.has("gene")], n_top=n_top)
    maps = [saliency_map(model, X[X.paired]) for model in models]
    shares = [
        region_shares(m.heatmap, {"tumour": m.segmentation > 0})
        for m in maps
        if m.segmentation is not None
    ]
    return title, result, pd.DataFrame(shares)


def report_simulated(seeds):
    found = [simulated(seed) for seed in seeds]
    maps = pd.DataFrame([row for rows, _ in found for row in rows])
    genes = pd.DataFrame([row for _, row in found]).astype(object)
    return [
        "## Simulated",
        "",
        f"`make_glioma_cohort(n_genes={N_GENES})`, `TwinTowerClassifier()`; explained "
        "are the 50 pairs.",
        "",
        EXPLANATION,
        "",
        markdown(maps.set_index(["seed", "model"])),
        "",
        "Genes, the planted ones among as many first of the ranking:",
        "",
        markdown(genes.set_index("seed")),
        "",
    ]


def report_real(cohort, label, n_seeds):
    title, result, shares = real(cohort, label, n_seeds)
    n_genes = len(result.ranking)
    stability = result.stability
    lines = [
        f"## {title}",
        "",
        f"{n_seeds} models with other seeds, trained on the same patients; "
        f"{n_genes:,} genes. Spearman's correlation of the importances of two models "
        f"{stability['rank_correlation']:.2f}, overlap of their first 20 genes "
        f"{stability['top_overlap']:.2f}. `importance` is the mean over patients of "
        "the absolute attribution in log-odds, `top_share` the share of models that "
        "have the gene among their first 20.",
        "",
        markdown(result.ranking.head(20)),
        "",
    ]
    if len(shares):
        lines += [
            "Maps of the pairs, by seed:",
            "",
            markdown(shares.rename_axis("seed")),
        ]
    return lines


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cohort", help="folder of real patients")
    parser.add_argument("--label", default="idh_mut")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/accuracy/results"))
    options = parser.parse_args(arguments)
    command = f"python -m benchmarks.accuracy.attribution --seeds {options.seeds}"
    if options.cohort:
        command += f" --cohort FOLDER --label {options.label}"
    lines = [
        f"# What attributions find: {date.today()}, torch {torch.__version__}",
        "",
        f"`{command}`",
        "",
        *report_simulated(range(options.seeds)),
    ]
    if options.cohort:
        lines += report_real(options.cohort, options.label, options.seeds)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "attribution.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
