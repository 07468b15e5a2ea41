"""Write a folder of simulated patients: ``python docs/practice_cohort.py my_cohort``.

It has the layout that ``load_cohort`` reads: two spreadsheets and a folder of scans.
"""

import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from skmultimodal.datasets import make_glioma_cohort

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # voxels of 1 mm, from the right, front and feet


def write_cohort(folder, n_image_only=80, n_gene_only=200, n_paired=50, image_size=240):
    """Write ``clinical.csv``, ``expression.csv`` and ``mri/``."""
    simulated = make_glioma_cohort(
        n_image_only,
        n_gene_only,
        n_paired,
        n_genes=500,
        image_size=image_size,
        image_signal=2.5,
        gene_signal=2.0,
        random_state=0,
    )
    X, folder = simulated.data, Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    clinical = X.metadata.assign(response=simulated.target).rename_axis("patient")
    clinical.to_csv(folder / "clinical.csv")
    genes = pd.DataFrame(
        X.block("gene"), index=X.index[X.has("gene")], columns=X.feature_names("gene")
    )
    genes.rename_axis("patient").round(3).to_csv(folder / "expression.csv")
    for patient, image in zip(X.index[X.has("image")], X.block("image"), strict=True):
        (folder / "mri" / patient).mkdir(parents=True, exist_ok=True)
        for name, plane in zip(simulated.channel_names, image, strict=True):
            volume = np.round(plane[:, :, None]).astype(np.int16)
            path = folder / "mri" / patient / f"{patient}_{name}.nii.gz"
            nib.save(nib.Nifti1Image(volume, LPS), path)


if __name__ == "__main__":
    write_cohort(sys.argv[1])
