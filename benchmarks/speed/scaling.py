"""Cost against rows and epochs, and of a table of many rows."""

from pathlib import Path

import numpy as np

from benchmarks.speed.measure import Row, in_turn, seconds
from skmultimodal import GeneAutoencoderTransformer, ImageTowerClassifier

FACTORS = [1, 2, 4, 8]


def make_fits(quick):
    """For each curve: its factors' fits, from cheap to dear."""
    rng = np.random.default_rng(0)
    n_image, n_gene = (16, 32) if quick else (160, 320)
    n_genes = 300 if quick else 5000
    side = 16 if quick else 64
    images = rng.normal(100, 20, (8 * n_image, 5, side, side)).astype(np.float32)
    genes = rng.normal(size=(8 * n_gene, n_genes)).astype(np.float32)

    def image(rows, epochs):
        tower = ImageTowerClassifier(max_epochs=epochs, random_state=0)
        return lambda: tower.fit(images[:rows], np.arange(rows) % 2)

    def gene(rows, epochs):
        tower = GeneAutoencoderTransformer(max_epochs=epochs, random_state=0)
        return lambda: tower.fit(genes[:rows], np.arange(rows) % 2)

    return {
        "image tower, rows": [image(f * n_image, 4) for f in FACTORS],
        "image tower, epochs": [image(n_image, 4 * f) for f in FACTORS],
        "gene tower, rows": [gene(f * n_gene, 4) for f in FACTORS],
        "gene tower, epochs": [gene(n_gene, 4 * f) for f in FACTORS],
    }


def departure(times):
    """Largest relative distance of the medians from their best straight line."""
    factors = np.array(FACTORS, dtype=float)
    # Relative errors count: weigh each point by its size.
    line = np.polyfit(factors, times, 1, w=1 / times)
    return float(np.max(np.abs(np.polyval(line, factors) / times - 1)))


def draw(curves, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 4), layout="constrained")
    for name, times in curves.items():
        axes.plot(FACTORS, times / times[0], "o-", label=name)
    axes.plot(FACTORS, FACTORS, "k:", label="proportional")
    axes.set(
        xlabel="factor on rows or epochs",
        ylabel="time, to that of factor 1",
        xscale="log",
        yscale="log",
        xticks=FACTORS,
        yticks=FACTORS,
        xticklabels=FACTORS,
        yticklabels=FACTORS,
    )
    axes.minorticks_off()
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def long_table_row(quick):
    """The gene tower by its defaults on many rows of a table."""
    n_rows, n_columns = (200, 50) if quick else (10_000, 500)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
    y = np.arange(n_rows) % 2
    tower = GeneAutoencoderTransformer(random_state=0, n_steps=9 if quick else None)
    taken, _ = seconds(lambda: tower.fit(X, y))
    note = f"{len(tower.history_)} epochs of batches of {tower.batch_size}"
    return Row(f"gene tower, {n_rows:,} x {n_columns}", taken, 60, "s", note=note)


def rows(quick, repeats, plot=None):
    """Rows of the table; the curves go to the file `plot`."""
    curves = {}
    for name, fits in make_fits(quick).items():
        curves[name] = times = np.median(in_turn(fits, repeats), axis=0)
        note = ", ".join(f"x{f} {t:.3g} s" for f, t in zip(FACTORS, times, strict=True))
        off = 100 * departure(times)
        yield Row(f"{name}: off a straight line", off, 15, "%", note=note)
    yield long_table_row(quick)
    if plot is not None:
        draw(curves, Path(plot))
