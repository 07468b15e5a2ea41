"""Random scanners: each pixel that is read is of the place that headers give it.

The brightness of a place in mm is a linear function, which resampling gives back, so an
oracle needs no image: it follows the headers by hand from a pixel to its place.
"""

import itertools
import tempfile
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from robustness_tools import COUNTS, FUZZ, N_EXAMPLES

from skmultimodal.io import read_slices

AXES = [
    "".join(codes)
    for order in itertools.permutations(("LR", "PA", "SI"))
    for codes in itertools.product(*order)
]
SLOPE = np.array([1.0, 2.0, 3.0])  # per mm


def brightness(places):
    return 1000 + places @ SLOPE


@st.composite
def grids(draw, near=0.0):
    """Shape and affine of a volume around the origin, stored as LPS."""
    edges = np.array([draw(st.floats(0.6, 2.5)) for _ in range(3)])
    shape = tuple(draw(st.integers(14, 22)) for _ in range(3))
    middle = np.array([draw(st.floats(-near, near)) for _ in range(3)])
    turn = np.diag([-1.0, -1.0, 1.0]) * edges
    affine = np.eye(4)
    affine[:3, :3] = turn
    affine[:3, 3] = middle - turn @ ((np.array(shape) - 1) / 2)
    return shape, affine


def sample(shape, affine):
    places = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    return brightness(places).astype(np.float32)


def write(path, voxels, affine, axes, declared=True):
    ornt = nib.orientations.axcodes2ornt
    change = nib.orientations.ornt_transform(ornt("LPS"), ornt(axes))
    image = nib.Nifti1Image(voxels, affine).as_reoriented(change)
    place = image.affine if declared else np.eye(4)
    nib.save(nib.Nifti1Image(np.asanyarray(image.dataobj), place), path)


patients = st.fixed_dictionaries(
    {
        "mask": grids(),
        "mask_axes": st.sampled_from(AXES),
        # How the sequence lies: on the mask's grid, without an affine, or elsewhere.
        "kind": st.sampled_from(["same", "turned", "undeclared", "other", "far"]),
        "other": grids(near=3.0),
        "other_axes": st.sampled_from(AXES),
        "spacing": st.one_of(st.none(), st.floats(0.5, 3)),
    }
)


@settings(FUZZ, max_examples=max(40, N_EXAMPLES // 4))
@given(patients)
def test_each_pixel_is_of_the_place_that_headers_give_it(drawn):
    shape, affine = drawn["mask"]
    mask = np.zeros(shape, np.uint8)
    middle = tuple(n // 2 for n in shape)
    mask[middle] = 1
    kind, axes = drawn["kind"], drawn["mask_axes"]
    scan_shape, scan_affine, scan_axes = shape, affine, axes
    if kind == "turned":
        scan_axes = drawn["other_axes"]
    if kind in ("other", "far"):
        (scan_shape, scan_affine), scan_axes = drawn["other"], drawn["other_axes"]
    if kind == "far":
        scan_affine = scan_affine.copy()
        scan_affine[:3, 3] += 300.0
    with tempfile.TemporaryDirectory() as home, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(home)
        write(folder / "P1_seg.nii", mask, affine, axes)
        scan = sample(scan_shape, scan_affine)
        declared = kind != "undeclared"
        write(folder / "P1_t1.nii", scan, scan_affine, scan_axes, declared)
        if covered(shape, affine, middle[2], scan_shape, scan_affine) < 0.5:
            assert kind in ("other", "far")
            with pytest.raises(
                ValueError, match=r"P1_t1\.nii: by the headers it covers"
            ):
                read_slices(folder, spacing=drawn["spacing"])
            COUNTS["scans refused"] += 1
            return
        found = read_slices(folder, spacing=drawn["spacing"])
    COUNTS[f"scans read, {kind}"] += 1
    assert found.slices == (middle[2],)
    t1 = found.image[0, 0]
    # By hand: the pixel's place in mm, from the middle of the plane of the mask.
    edges = np.abs(np.diag(affine)[:2])
    new = edges if drawn["spacing"] is None else np.full(2, drawn["spacing"])
    steps = [
        (np.arange(m) - (m - 1) / 2) * e for m, e in zip(t1.shape, new, strict=True)
    ]
    centre = affine @ [(shape[0] - 1) / 2, (shape[1] - 1) / 2, middle[2], 1]
    left, posterior = np.meshgrid(*steps, indexing="ij")
    places = np.stack(
        [centre[0] - left, centre[1] - posterior, np.full(t1.shape, centre[2])], axis=-1
    )
    # Near a border, interpolation and smoothing see what lies outside.
    stored = np.abs(np.diag(scan_affine)[:3])
    grid = np.abs(np.diag(affine)[:3])
    blur = np.zeros(3)
    if drawn["spacing"] is not None:
        blur[:2] = edges + 2 * np.maximum(0, new - edges)
    inner = within(places, shape, affine, middle[2], np.append(blur[:2], -np.inf))
    if kind == "other":
        blur += stored + 2 * np.maximum(0, grid - stored)
        heart = (scan_shape[2] - 1) / 2
        inner &= within(places, scan_shape, scan_affine, heart, blur)
    COUNTS["pixels of scans compared"] += int(inner.sum())
    assert_allclose(t1[inner], brightness(places[inner]), rtol=1e-4)


def covered(shape, affine, plane, other_shape, other_affine):
    """Share of the pixels of a plane that lie inside another volume."""
    places = np.moveaxis(np.indices((*shape[:2], 1)), 0, -1)[:, :, 0] + [0, 0, plane]
    places = places @ affine[:3, :3].T + affine[:3, 3]
    half = np.abs(np.diag(other_affine)[:3]) / 2
    heart = (other_shape[2] - 1) / 2
    return within(places, other_shape, other_affine, heart, -half).mean()


def within(places, shape, affine, plane, margin):
    """Whether places lie inside a volume, farther from its border than `margin`."""
    middle = affine[:3] @ [(shape[0] - 1) / 2, (shape[1] - 1) / 2, plane, 1]
    reach = (np.array(shape) - 1) / 2 * np.abs(np.diag(affine)[:3]) - margin
    return (np.abs(places - middle) <= reach + 1e-6).all(axis=-1)
