"""Small files of the real formats."""

import nibabel as nib
import numpy as np
import pytest

LPS = np.array([[-1, 0, 0, 0], [0, -1, 0, 10], [0, 0, 1, 0], [0, 0, 0, 1]], float)
SHAPE = (9, 11, 7)


@pytest.fixture
def write_nifti():
    """Write a volume given in LPS order; returns its path."""

    def write(path, data, affine=LPS):
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(data, affine), path)
        return path

    return write


@pytest.fixture
def patient(tmp_path, rng, write_nifti):
    """A BraTS-like folder; the largest tumour area is plane 4, of label 4 plane 2."""

    def make(
        name="TCGA-AA-0001",
        prefix=None,
        aliases=("t1", "t1ce", "t2", "flair"),
        mask="seg",
        sep="_",
        suffix=".nii.gz",
        root=tmp_path,
    ):
        prefix = name if prefix is None else prefix
        folder = root / name
        for alias in aliases:
            data = rng.integers(1, 900, SHAPE).astype(np.int16)
            write_nifti(folder / f"{prefix}{sep}{alias}{suffix}", data)
        seg = np.zeros(SHAPE, dtype=np.uint8)
        seg[2:7, 3:8, 4] = 2
        seg[3:5, 3:5, 2] = 4
        seg[3:4, 3:6, 3] = 1
        if mask:
            write_nifti(folder / f"{prefix}{sep}{mask}{suffix}", seg)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    return make
