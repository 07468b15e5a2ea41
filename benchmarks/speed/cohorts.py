"""A cohort of the paper's size, of noise: what a fit costs depends on no value."""

import numpy as np

from skmultimodal import Cohort, TwinTowerClassifier

N_IMAGE, N_GENE, N_PAIRED = 95, 452, 50


def make_blocks(side, n_genes, part=1, seed=0):
    """Blocks keyed by patient: 95 have images, 452 genes, 50 both; and labels.

    Of each kind of patient one in `part`.
    """
    rng = np.random.default_rng(seed)
    n_image, n_gene, n_paired = N_IMAGE // part, N_GENE // part, N_PAIRED // part
    n = n_image + n_gene + n_paired
    image = rng.normal(100, 20, (n_image + n_paired, 5, side, side)).astype(np.float32)
    gene = rng.normal(size=(n_gene + n_paired, n_genes)).astype(np.float32)
    ids = np.arange(n)
    with_gene = np.concatenate([ids[n_image + n_paired :], ids[n_image:][:n_paired]])
    blocks = {"image": (ids[: n_image + n_paired], image), "gene": (with_gene, gene)}
    return blocks, rng.permutation(np.arange(n) % 2)


def make_cohort(side, n_genes, part=1, seed=0):
    blocks, y = make_blocks(side, n_genes, part, seed)
    return Cohort(blocks), y


def twin_tower(quick, **params):
    """The default; in small, with few steps of training."""
    model = TwinTowerClassifier(random_state=0, **params)
    return model.set_params(image__n_steps=6, gene__n_steps=6) if quick else model


def shape(quick):
    """Side of an image, number of genes, and which part of the patients."""
    return (16, 60, 4) if quick else (240, 19196, 1)
