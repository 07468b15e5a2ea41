"""Bags in files, as tests of readers, cohorts and towers use them."""

from pathlib import Path

import h5py
import numpy as np
import zarr


def patient_ids(n):
    return [f"P{number:02d}" for number in range(n)]


def write_npy(path, bag):
    np.save(path, bag)


def write_h5(path, bag, *, key="features", coords=True):
    with h5py.File(path, "w") as file:
        file[key] = bag
        if coords:
            file["coords"] = np.arange(2 * len(bag)).reshape(-1, 2) * 256


def write_zarr(path, bag):
    group = zarr.open_group(str(path), mode="w")
    group.create_array("features", data=bag)


WRITERS = {".npy": write_npy, ".h5": write_h5, ".zarr": write_zarr}


def write_bags(folder, bags, suffix=".npy"):
    """A file for each bag: dict of patient id to path."""
    files = {}
    for patient, bag in zip(patient_ids(len(bags)), bags, strict=True):
        files[patient] = Path(folder, patient + suffix)
        WRITERS[suffix](files[patient], bag)
    return files
