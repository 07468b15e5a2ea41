"""Patients' slices under each other, against a loop over patients and channels."""

import numpy as np
import pytest

from skmultimodal.io import PatientSlices, stack_patients

HAS = {"P1": ("t1", "seg"), "P2": ("flair", "t1"), "P3": ("t1",)}
SIZE = (6, 5)


def make_slices(rng, channels, planes=(3,), missing=(), dtype=np.int16):
    image = rng.integers(1, 99, (len(planes), len(channels), *SIZE)).astype(dtype)
    for name in missing:
        image[:, channels.index(name)] = 0
    return PatientSlices(image, channels, planes, missing=missing)


@pytest.fixture
def read(rng):
    return {patient: make_slices(rng, names) for patient, names in HAS.items()}


@pytest.mark.parametrize(
    ("channels", "names"),
    [
        (None, ("t1", "flair", "seg")),  # what anybody has, in the order of io
        (["seg", "t2", "t1"], ("seg", "t2", "t1")),
        (("flair",), ("flair",)),
        (["t2"], ("t2",)),
    ],
)
def test_channels_are_in_their_order_and_zero_where_absent(read, channels, names):
    rows = stack_patients(read, channels=channels)
    assert rows.channels == names
    assert rows.rows.shape == (3, len(names), *SIZE)
    for row, (patient, have) in enumerate(HAS.items()):
        for place, name in enumerate(names):
            wanted = np.zeros(SIZE)
            if name in have:
                wanted = read[patient].image[0, have.index(name)]
            np.testing.assert_array_equal(rows.rows[row, place], wanted)
        lacks = ", ".join(name for name in names if name not in have)
        assert rows.info.loc[patient, "missing"] == lacks
        assert rows.remarks[patient] == (f"no {lacks}: zeros instead" if lacks else "")


def test_a_channel_that_was_made_up_is_missing(rng):
    """As read with the sequences asked for, one of which nobody has."""
    names = ("t1", "t2")
    read = {p: make_slices(rng, names, missing=("t2",)) for p in ("P1", "P2")}
    assert stack_patients(read).channels == ("t1",)
    rows = stack_patients(read, channels=names)
    assert rows.info["missing"].tolist() == ["t2", "t2"]
    assert not rows.rows[:, 1].any()


def test_several_planes_are_rows_of_their_patient(rng):
    read = {
        "P1": make_slices(rng, ("t1", "seg"), planes=(2, 3, 4)),
        "P2": make_slices(rng, ("seg",), planes=(0, 1)),
    }
    rows = stack_patients(read, n_slices=3, channels=["seg", "t1"])
    assert rows.ids == ["P1/002", "P1/003", "P1/004", "P2/000", "P2/001"]
    assert rows.patients == ["P1"] * 3 + ["P2"] * 2
    np.testing.assert_array_equal(rows.rows[:3, 0], read["P1"].image[:, 1])
    np.testing.assert_array_equal(rows.rows[3:, 0], read["P2"].image[:, 0])
    assert not rows.rows[3:, 1].any()
    assert rows.remarks["P2"] == "no t1: zeros instead; only 2 planes"


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        (("u1", "i2"), "i2"),
        (("f4", "u1"), "f4"),
        (("i2", "f8"), "f4"),
        (("i4", "i8"), "f4"),
    ],
)
def test_the_type_is_a_common_one(rng, types, wanted):
    read = {t: make_slices(rng, ("t1",), dtype=t) for t in types}
    assert stack_patients(read, channels=["t1"]).rows.dtype == wanted
