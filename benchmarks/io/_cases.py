"""The cases: files on both sides, the obvious loops, and ours."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from skmultimodal.datasets.tcga import read_expression
from skmultimodal.io import patient_folders, read_patients

N_GENES = 60660
SHAPE = (240, 240, 155)
HEADER = (
    "# gene-model: GENCODE v36\ngene_id\tgene_name\tgene_type\tunstranded\t"
    "stranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\t"
    "fpkm_uq_unstranded\n"
)
SUMMARIES = ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")


def write_patients(root: Path, n_patients: int) -> None:
    """Copy the real case, or a synthetic one, to `n_patients` folders."""
    home = os.environ.get("SKMULTIMODAL_DATA")
    real = sorted((Path(home) / "brats").glob("*/*.nii.gz")) if home else []
    source = root / "source"
    source.mkdir(parents=True)
    if not real:
        rng = np.random.default_rng(0)
        affine = np.diag([-1.0, -1, 1, 1])
        brain = np.zeros(SHAPE, np.int16)
        brain[50:190, 40:200, 10:140] = 1
        for name in ("t1", "t1ce", "t2", "flair"):
            data = brain * rng.integers(1, 900, SHAPE).astype(np.int16)
            nib.save(nib.Nifti1Image(data, affine), source / f"x_{name}.nii.gz")
        seg = np.zeros(SHAPE, np.uint8)
        seg[80:120, 80:120, 60:100] = 2
        seg[90:110, 90:110, 85] = 4
        nib.save(nib.Nifti1Image(seg, affine), source / "x_seg.nii.gz")
        real = sorted(source.iterdir())
    for i in range(n_patients):
        folder = root / "mri" / f"P{i:03d}"
        folder.mkdir(parents=True)
        for path in real:
            name = path.name.rsplit("_", 1)[1]
            shutil.copy(path, folder / f"P{i:03d}_{name}")


def obvious_slices(root: Path) -> np.ndarray:
    """What one writes first: every volume to float64, then one plane of it."""
    rows = []
    for folder in sorted((root / "mri").iterdir()):
        volumes = {
            path.name.split("_")[1].split(".")[0]: nib.load(path).get_fdata()
            for path in sorted(folder.iterdir())
        }
        k = int((volumes["seg"] > 0).sum(axis=(0, 1)).argmax())
        names = ("t1", "t1ce", "t2", "flair", "seg")
        rows.append(np.stack([volumes[name][..., k] for name in names]))
    return np.stack(rows)


def our_slices(root: Path, n_jobs: int, cache_dir: Path | None = None) -> np.ndarray:
    found, _ = read_patients(
        patient_folders(root / "mri"), n_jobs=n_jobs, cache_dir=cache_dir
    )
    return np.concatenate([patient.image for patient in found.values()])


def write_star(root: Path, n_files: int) -> None:
    home = os.environ.get("SKMULTIMODAL_DATA")
    names = Path(home or ".") / "formats/star/gene_id_gene_name_of_one_star_file.tsv"
    if home and names.is_file():
        lines = names.read_text().splitlines()[1:]
        genes = [line.split("\t") for line in lines]
    else:
        genes = [[f"ENSG{i:011d}.1", f"G{i}"] for i in range(N_GENES)]
    rng = np.random.default_rng(0)
    for i in range(n_files):
        folder = root / f"{i:08d}-0000-4000-8000-000000000000"
        folder.mkdir(parents=True)
        counts = rng.negative_binomial(1, 0.001, len(genes))
        counts[rng.random(len(genes)) < 0.4] = 0
        lines = [f"{name}\t\t\t81\t8\t73\t\t\t\n" for name in SUMMARIES]
        lines += [
            f"{gene}\t{name}\tprotein_coding\t{x}\t{x // 2}\t{x - x // 2}\t"
            f"{x * 0.0138:.4f}\t{x * 0.005:.4f}\t{x * 0.0073:.4f}\n"
            for (gene, name), x in zip(genes, counts.tolist(), strict=True)
        ]
        name = f"s{i:04d}.rna_seq.augmented_star_gene_counts.tsv"
        (folder / name).write_text(HEADER + "".join(lines))


def obvious_expression(root: Path) -> np.ndarray:
    columns = []
    for path in sorted(root.glob("*/*.tsv")):
        table = pd.read_csv(path, sep="\t", comment="#", index_col=0)
        table = table[~table.index.str.startswith("N_")]
        table = table[~table.index.str.endswith("_PAR_Y")]
        columns.append(table["tpm_unstranded"].rename(path.parent.name))
    table = pd.concat(columns, axis=1).T
    table.columns = table.columns.str.replace(r"\.\d+$", "", regex=True)
    return table.to_numpy()


def our_expression(root: Path, n_jobs: int) -> np.ndarray:
    return read_expression(root, n_jobs=n_jobs).to_numpy()


def _high_water() -> float:
    """Peak resident memory of this process, in MiB (Linux)."""
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def peak_memory(root: Path, n_jobs: int, what: str) -> tuple[float, float]:
    """Growth of this process's peak memory while reading, and the result, in MiB."""
    read = our_slices if what == "mri" else our_expression
    before = _high_water()
    size = read(root, n_jobs).nbytes
    return _high_water() - before, size / 2**20
