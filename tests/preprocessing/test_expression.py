"""Expression values."""

import numpy as np
import pytest

from skmultimodal.preprocessing._expression import signed_log, signed_log_inverse

VALUES = np.array([-3515.0, -12.5, -1, -1e-3, 0, 1e-9, 1, 12.5, 3515])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values(dtype):
    x = VALUES.astype(dtype)
    y = signed_log(x)
    assert y.dtype == dtype
    expected = [np.copysign(np.log(1 + abs(v)), v) for v in VALUES]
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(signed_log_inverse(y), x, rtol=1e-5)
    assert signed_log_inverse(y).dtype == dtype


def test_order_is_kept_and_sides_are_symmetric():
    x = np.sort(np.random.default_rng(0).standard_cauchy(500) * 100)
    assert (np.diff(signed_log(x)) > 0).all()
    np.testing.assert_array_equal(signed_log(-x), -signed_log(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverse_beyond_the_range_is_finite(dtype):
    x = signed_log_inverse(np.array([-1e6, 1e6], dtype=dtype))
    assert np.isfinite(x).all()
    assert x[0] == -x[1]
    assert x[1] > 1e37
    assert x.dtype == dtype
