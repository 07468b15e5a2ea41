"""Training from a file that does not fit into memory.

Run as a module, it fits an image tower on such a file and prints the peak of its
private memory in MB.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.speed.measure import (
    PrivateMemory,
    Row,
    in_fresh_process,
    in_turn,
    median_ratio,
    told,
)
from skmultimodal import ImageTowerClassifier

GIGABYTE = 2**30


def write_images(path, n_bytes, side, kind="memmap"):
    """A file of float32 images of 5 channels; every image differs."""
    n_rows = n_bytes // (4 * 5 * side * side)
    some = np.random.default_rng(0).normal(100, 20, (64, 5, side, side))
    some = some.astype(np.float32)
    block = open_images(path, side, kind, n_rows)
    for start in range(0, n_rows, 64):
        part = some[: min(64, n_rows - start)]
        part[:, 0, 0, 0] = np.arange(start, start + len(part)) + 1
        block[start : start + len(part)] = part
    if kind == "h5py":
        block.file.close()
    return n_rows


def open_images(path, side, kind, n_rows=None):
    """The block; created if `n_rows` are given."""
    new = n_rows is not None
    if kind == "memmap":
        shape = (n_rows, 5, side, side) if new else None
        if new:
            return np.lib.format.open_memmap(path, "w+", np.float32, shape)
        return np.load(path, mmap_mode="r")
    if kind == "h5py":
        import h5py

        file = h5py.File(path, "w" if new else "r")
        if not new:
            return file["rows"]
        return file.create_dataset("rows", (n_rows, 5, side, side), np.float32)
    import zarr

    if not new:
        return zarr.open_array(path, mode="r")
    shape, chunks = (n_rows, 5, side, side), (16, 5, side, side)
    return zarr.create_array(
        path, shape=shape, chunks=chunks, dtype="float32", compressors=None
    )


def memory_row(folder, quick, kind, n_bytes):
    side = 48 if quick else 240
    path = Path(folder) / f"images-{kind}.npy"
    n_rows = write_images(path, n_bytes, side, kind)
    arguments = ["benchmarks.speed.lazy", path, side, kind]
    peak = float(in_fresh_process(*arguments)[0])
    size = sum(f.stat().st_size for f in [path, *path.rglob("*")] if f.is_file())
    note = f"{n_rows} images, {size / GIGABYTE:.3g} GB on disk"
    what = f"private memory of a fit on a {kind} of {n_bytes / GIGABYTE:.3g} GB"
    return Row(what, peak, 2048, "MB", note=note)


def throughput_row(folder, quick, repeats):
    """The same fit on a file and in memory; with every pixel, it is read each epoch."""
    side, n_bytes = (48, GIGABYTE // 256) if quick else (240, 2 * GIGABYTE)
    path = Path(folder) / "small.npy"
    write_images(path, n_bytes, side)
    lazy = np.load(path, mmap_mode="r")
    held = np.load(path)
    y = np.arange(len(held)) % 2
    for size, told_size in ((64, "default"), (None, "max_size=None")):
        tower = ImageTowerClassifier(
            max_size=size, max_epochs=1, global_pool="mean", random_state=0
        )
        fits = [lambda t=tower: t.fit(held, y), lambda t=tower: t.fit(lazy, y)]
        times = in_turn(fits, min(repeats, 3))
        yield Row(
            f"throughput from a file of {n_bytes / GIGABYTE:.3g} GB to memory, "
            + told_size,
            median_ratio(times),
            0.8,
            at_least=True,
            note=told(times, ["in memory", "lazy"]),
        )


def rows(quick, repeats):
    """Rows of the table."""
    sizes = [("memmap", 20), ("h5py", 3), ("zarr", 3)]
    for kind, size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            n_bytes = GIGABYTE // 256 if quick else size * GIGABYTE
            yield memory_row(folder, quick, kind, n_bytes)
    with tempfile.TemporaryDirectory() as folder:
        yield from throughput_row(folder, quick, repeats)


def main(path, side, kind):
    X = open_images(path, int(side), kind)
    y = np.arange(X.shape[0]) % 2
    with PrivateMemory() as used:
        ImageTowerClassifier(max_epochs=1, random_state=0).fit(X, y)
    print(used.peak)


if __name__ == "__main__":
    main(*sys.argv[1:])
