"""Another unit is found; another sample of the same patients is not."""

import numpy as np
import pytest
from cohort_tools import RecordingBlock

from skmultimodal import Cohort
from skmultimodal.utils._scales import Scale, measured, some_rows

NAMES = [f"G{i}" for i in range(120)]


def expression(n_rows, seed, n_columns=120):
    """Values like FPKM: log-normal, of genes that are each expressed otherwise."""
    level = np.random.default_rng(7).normal(2, 1.5, size=n_columns)
    rng = np.random.default_rng(seed)
    return np.exp(level + rng.normal(scale=0.6, size=(n_rows, n_columns)))


def found(fitted, rows, names=None):
    return Scale.of(fitted, names).describe_shift(rows, names)


UNITS = {
    "logarithm": lambda x: np.log2(x + 1),
    "counts": lambda x: 3000 * x,
    "z scores": lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
    "per million": lambda x: x / 1e6,
}


@pytest.mark.parametrize("n_rows", [1, 5, 40])
@pytest.mark.parametrize("unit", UNITS)
def test_another_unit(unit, n_rows):
    fitted, rows = expression(80, seed=0), UNITS[unit](expression(60, seed=1))
    rows = rows[:n_rows]
    assert found(fitted, rows, NAMES) is not None
    assert found(rows, fitted, NAMES) is not None


@pytest.mark.parametrize("n_rows", [1, 3, 12, 60])
@pytest.mark.parametrize("seed", range(20))
def test_other_patients(n_rows, seed):
    fitted, rows = expression(80, seed=0), expression(n_rows, seed=100 + seed)
    assert found(fitted, rows, NAMES) is None
    few = fitted[:, :3], rows[:, :3]
    assert found(*few) is None


def test_one_column_in_another_unit():
    fitted = expression(80, seed=0, n_columns=6)
    rows = expression(30, seed=1, n_columns=6)
    rows[:, 4] *= 1000
    text = found(fitted, rows, list("abcdef"))
    assert "1 of 6 columns differ, such as e (median" in text
    assert "1 of 6 columns differ, such as column 4 (median" in found(fitted, rows)
    assert found(fitted, rows[:5]) is None  # too few to judge


@pytest.mark.parametrize("n_rows", [10, 60])
def test_other_logarithms(n_rows):
    """Columns move by less than their spread, but all by one factor."""
    logs = [np.log2(expression(n, seed=n) + 8) for n in (80, n_rows)]
    fitted, rows = logs
    assert found(fitted, rows, NAMES) is None
    text = found(fitted, rows * np.log(2), NAMES)
    assert "columns are 0.69 times those of fit" in text or "0.70 times" in text
    back = found(rows * np.log(2), fitted, NAMES) if n_rows >= 30 else "1.4"
    assert "1.4" in back
    assert found(fitted[:, :9], rows[:, :9] * np.log(2)) is None  # too few columns


def test_a_shift_of_each_column_is_no_factor():
    fitted = np.log2(expression(80, seed=0) + 8)
    shift = np.random.default_rng(3).normal(scale=0.5, size=120)
    assert found(fitted, np.log2(expression(60, seed=1) + 8) + shift, NAMES) is None


def test_columns_are_found_by_name():
    fitted, rows = expression(80, seed=0), expression(40, seed=1)
    scale = Scale.of(fitted, NAMES)
    assert scale.describe_shift(rows[:, ::-1], NAMES[::-1]) is None
    assert scale.describe_shift(rows[:, ::-1], NAMES) is not None


def test_images(rng):
    images = rng.gamma(2, 200, size=(9, 2, 16, 17))
    images[:, :, :4] = 0  # what is around the head is no intensity
    other = rng.gamma(2, 200, size=(4, 2, 16, 17))
    assert found(images, other) is None
    assert "median" in found(images, other / other.std())


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((20, 60)),
        np.zeros((0, 60)),
        np.full((20, 3), np.nan),
        np.array([["a", "b"]] * 20, dtype=object),
        RecordingBlock(np.ones((20, 60))),
    ],
)
def test_what_cannot_be_measured(rows, rng):
    other = rng.normal(size=(20, rows.shape[1]))
    if (scale := Scale.of(rows, None)) is not None:
        assert scale.describe_shift(other, None) is None
    assert Scale.of(other, None).describe_shift(rows, None) is None


def test_some_rows_are_few():
    wide = Cohort({"gene": np.arange(400.0)[:, None] * np.ones(50_000)})
    rows = some_rows(wide, "gene")
    assert rows.shape == (20, 50_000)
    assert rows[:, 0].tolist() == list(range(0, 400, 20))
    narrow = Cohort({"gene": np.ones((30, 2))})
    assert some_rows(narrow, "gene").shape == (30, 2)


def test_statistics_of_images_leave_a_margin_out(rng):
    """By hand, and the same with a wider margin."""
    images = rng.gamma(2, 5, size=(3, 2, 9, 8))
    padded = np.pad(images, [(0, 0), (0, 0), (2, 3), (4, 1)])
    table, names = measured(padded, None)
    assert names[:3] == [
        f"channel 0: {s}" for s in ("mean", "standard deviation", "5 %")
    ]
    assert table.shape == (3, 10)
    inside = images.reshape(3, 2, -1)
    np.testing.assert_allclose(table[:, [0, 5]], inside.mean(axis=2))
    np.testing.assert_allclose(table[:, [1, 6]], inside.std(axis=2))
    np.testing.assert_allclose(
        table[:, [3, 8]], np.quantile(inside, 0.5, axis=2, method="lower")
    )
    np.testing.assert_allclose(measured(images, None)[0], table)
    constant = measured(np.full((2, 1, 4, 5), 7.0), None)[0]
    np.testing.assert_allclose(constant, [[7, 0, 7, 7, 7]] * 2)


def test_huge_values_of_images_are_no_error():
    table, _ = measured(np.full((2, 1, 3, 4), 1e300) * [1, 2, 3, 4], None)
    assert np.isfinite(table[:, [0, 2, 3]]).all()


def test_a_lazy_table_is_measured_by_some_rows():
    block = RecordingBlock(expression(300, seed=0))
    rows = some_rows(Cohort({"gene": block}), "gene")
    assert block.longest_read == len(rows) == 150  # of at most 256, at equal steps
    logarithms = RecordingBlock(np.log2(1 + expression(40, seed=1)))
    others = some_rows(Cohort({"gene": logarithms}), "gene")
    assert "absolute values have a 95th perc" in found(rows, others, NAMES)
    images = RecordingBlock(np.ones((9, 1, 4, 5)))
    some_rows(Cohort({"image": images}), "image")
    assert images.reads == []
