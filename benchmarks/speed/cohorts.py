"""A cohort of the paper's size, of noise: what a fit costs depends on no value."""

import numpy as np

from skmultimodal import Cohort, TwinTowerClassifier

N_IMAGE, N_GENE, N_PAIRED = 95, 452, 50


def make_blocks(side, n_genes, seed=0):
    """Blocks keyed by patient: 95 have images, 452 genes, 50 both; and labels."""
    rng = np.random.default_rng(seed)
    n = N_IMAGE + N_GENE + N_PAIRED
    image = rng.normal(100, 20, (N_IMAGE + N_PAIRED, 5, side, side)).astype(np.float32)
    gene = rng.normal(size=(N_GENE + N_PAIRED, n_genes)).astype(np.float32)
    ids = np.arange(n)
    with_gene = np.concatenate([ids[N_IMAGE + N_PAIRED :], ids[N_IMAGE:][:N_PAIRED]])
    blocks = {"image": (ids[: N_IMAGE + N_PAIRED], image), "gene": (with_gene, gene)}
    return blocks, rng.permutation(np.arange(n) % 2)


def make_cohort(side, n_genes, seed=0):
    blocks, y = make_blocks(side, n_genes, seed)
    return Cohort(blocks), y


def twin_tower(quick, **params):
    """The default; in small, with few steps of training."""
    model = TwinTowerClassifier(random_state=0, **params)
    return model.set_params(image__n_steps=6, gene__n_steps=6) if quick else model


def shape(quick):
    """Side of an image and number of genes."""
    return (16, 60) if quick else (240, 19196)
