"""A folder of simulated patients, small."""

import nibabel as nib
import numpy as np
import pandas as pd

from skmultimodal.datasets import make_glioma_cohort

WORDS = {0: "Non-responder", 1: "Responder"}


def write_cohort_folder(folder, n_image_only=3, n_gene_only=20, n_paired=18):
    """Write clinical.csv, expression.csv and mri/; the first patient has no label."""
    data = make_glioma_cohort(
        n_image_only,
        n_gene_only,
        n_paired,
        n_genes=23,
        image_size=16,
        image_signal=3.0,
        random_state=0,
    )
    X, patients = data.data, list(map(str, data.data.index))
    label = pd.Series(data.target.astype(float), index=patients)
    label.iloc[0] = np.nan
    table = X.metadata.set_axis(patients).assign(
        response=label, words=label.map(WORDS), constant=1
    )
    table.rename_axis("patient").to_csv(folder / "clinical.csv")
    genes = pd.DataFrame(
        X.block("gene"), columns=X.feature_names("gene"), index=X.index[X.has("gene")]
    )
    genes.rename_axis("patient").to_csv(folder / "expression.csv")
    for patient, image in zip(X.index[X.has("image")], X.block("image"), strict=True):
        (folder / "mri" / patient).mkdir(parents=True)
        for channel, plane in zip(data.channel_names, image, strict=True):
            volume = np.stack([0 * plane.T, plane.T], axis=-1).astype(np.int16)
            name = folder / "mri" / patient / f"{patient}_{channel}.nii.gz"
            nib.save(nib.Nifti1Image(volume, np.diag([-1, -1, 1, 1])), name)
    return folder


def write_glioma_folder(folder, add_outcomes):
    """The same with the age and sex of each patient; the last has no outcome.

    Parameters
    ----------
    folder : Path
        Is made.
    add_outcomes : callable
        Maps the clinical table and a generator to columns by name; the first of them is
        blank for the last patient.
    """
    folder.mkdir()
    path = write_cohort_folder(folder) / "clinical.csv"
    clinical, rng = pd.read_csv(path), np.random.default_rng(3)
    clinical["age"] = rng.uniform(30, 80, len(clinical))
    clinical["sex"] = rng.choice(["male", "female"], len(clinical))
    outcomes = add_outcomes(clinical, rng)
    clinical = clinical.assign(**outcomes)
    clinical.loc[len(clinical) - 1, next(iter(outcomes))] = np.nan
    clinical.to_csv(path, index=False)
    return folder
