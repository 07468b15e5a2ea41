"""Slices of simulated brains with a tumour, as scanners give them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

__all__ = ["CHANNELS", "SIGNAL_CHANNEL", "make_slices"]

CHANNELS = ["t1", "t1ce", "t2", "flair", "seg"]
SIGNAL_CHANNEL = "t1ce"

# Relative brightness of each tissue; white matter in T1 is 1.
# Columns: t1, t1ce, t2, flair.
_BRIGHTNESS = np.array(
    [
        [1.00, 1.00, 0.55, 0.66],  # white matter
        [0.74, 0.76, 0.70, 0.80],  # grey matter
        [0.33, 0.33, 1.60, 0.24],  # cerebrospinal fluid
        [0.45, 0.43, 1.40, 0.85],  # necrotic core, label 1
        [0.70, 0.70, 1.15, 1.25],  # oedema, label 2
        [0.75, 1.30, 0.95, 1.05],  # enhancing rim, label 4; t1ce moves with the factor
    ]
)
_WHITE, _GREY, _FLUID, _CORE, _OEDEMA, _RIM = range(6)


def make_slices(
    rng: np.random.RandomState, factor: Any, site: Any, size: Any
) -> NDArray:
    """Slices (n, 5, size, size) whose rim brightness in t1ce carries the factor."""
    slices = np.zeros((len(factor), len(CHANNELS), size, size), dtype=np.float32)
    site_gain = np.exp(rng.normal(0.0, 0.3, (site.max(initial=0) + 1, 4)))
    for row, u in enumerate(factor):
        tissue, brain = _draw_brain(rng, size)
        seg = _draw_tumour(rng, size, brain)
        for label, kind in ((1, _CORE), (2, _OEDEMA), (4, _RIM)):
            tissue[seg == label] = kind
        brightness = _BRIGHTNESS.copy()
        rim = 1.30 + 0.25 * u + rng.normal(0.0, 0.05)
        brightness[_RIM, CHANNELS.index(SIGNAL_CHANNEL)] = max(rim, 0.5)
        slices[row, :4] = _scan(rng, tissue, brain, brightness, site_gain[site[row]])
        slices[row, 4] = seg
    return slices


def _grid(size: Any) -> Any:
    axis = (np.arange(size) + 0.5) * 2 / size - 1
    return np.meshgrid(axis, axis, indexing="ij")


def _smooth_noise(rng: np.random.RandomState, size: Any, scale: Any) -> NDArray:
    """Smooth Gaussian field with unit variance; scale is relative to the slice."""
    field = gaussian_filter(rng.standard_normal((size, size)), max(scale * size, 0.5))
    return field / field.std()


def _wavy(rng: np.random.RandomState, angle: Any, amplitude: float) -> NDArray:
    """A closed curve around 1: the first harmonics with falling amplitude."""
    curve = np.ones_like(angle)
    for k in range(2, 7):
        phase = rng.uniform(0, 2 * np.pi)
        curve += amplitude / (k - 1) * rng.uniform() * np.cos(k * angle + phase)
    return curve


def _draw_brain(rng: np.random.RandomState, size: Any) -> tuple[Any, Any]:
    """Tissue of each pixel and the brain mask; anterior is up."""
    y, x = _grid(size)
    turn = rng.normal(0.0, 0.04)
    y, x = y * np.cos(turn) - x * np.sin(turn), y * np.sin(turn) + x * np.cos(turn)
    height, width = rng.uniform(0.68, 0.76), rng.uniform(0.54, 0.60)
    radius = np.hypot(y / height, x / width)
    radius = radius / _wavy(rng, np.arctan2(y, x), 0.03)
    brain = radius < 1

    # The zero lines of a smooth field wind like sulci.
    folds = np.abs(_smooth_noise(rng, size, 0.035))
    tissue = np.full((size, size), _WHITE)
    tissue[(radius > 0.9) | ((radius > 0.62) & (folds < 0.6))] = _GREY
    deep = np.hypot((np.abs(x) - 0.20) / 0.07, (y + 0.02) / 0.13) < 1
    tissue[deep] = _GREY
    tissue[(radius > 0.72) & (folds < 0.13)] = _FLUID
    horn = rng.uniform(0.035, 0.06)
    tissue[np.hypot((np.abs(x) - 0.07 - 0.2 * y**2) / horn, y / 0.24) < 1] = _FLUID
    tissue[(np.abs(x) < 0.012) & (np.abs(y) > 0.28)] = _FLUID
    return tissue, brain


def _draw_tumour(rng: np.random.RandomState, size: Any, brain: NDArray) -> NDArray:
    """Labels 0, 1 (necrotic core), 2 (oedema), 4 (enhancing rim) of each pixel."""
    y, x = _grid(size)
    x = x - rng.choice([-1, 1]) * rng.uniform(0.20, 0.30)
    y = y - rng.uniform(-0.32, 0.32)
    distance, angle = np.hypot(y, x), np.arctan2(y, x)
    ragged = 0.04 * _smooth_noise(rng, size, 0.02)
    radius = rng.uniform(0.16, 0.27)
    thickness = max(rng.uniform(0.06, 0.10), 2.4 / size)
    outline = radius * _wavy(rng, angle, 0.25)
    hole = 1 - min(thickness / radius, 0.7) * _wavy(rng, angle, 0.3)
    halo = outline + rng.uniform(0.05, 0.20) * _wavy(rng, angle, 0.7).clip(0.2)

    seg = np.zeros((size, size), dtype=np.float32)
    seg[distance < halo * (1 + ragged)] = 2
    depth = distance / outline + ragged
    seg[depth < 1] = 4
    seg[depth < hole] = 1
    seg[np.unravel_index(distance.argmin(), seg.shape)] = 1
    return seg * brain


def _scan(
    rng: np.random.RandomState,
    tissue: Any,
    brain: NDArray,
    brightness: Any,
    site_gain: Any,
) -> NDArray:
    """The four sequences (4, size, size) as a scanner would give them."""
    size = len(tissue)
    sequences = brightness[tissue].transpose(2, 0, 1)
    shared = _smooth_noise(rng, size, 0.015)
    for i, sequence in enumerate(sequences):
        texture = 0.03 * shared + 0.03 * _smooth_noise(rng, size, 0.03)
        # Half a pixel of blur imitates partial volumes.
        sequence = gaussian_filter(sequence * (1 + texture), 0.5)
        sequence *= 1 + 0.06 * _smooth_noise(rng, size, 0.3).clip(-2, 2)
        sequence += rng.normal(0.0, 0.02, sequence.shape)
        gain = 400 * site_gain[i] * np.exp(rng.normal(0.0, 0.2))
        sequence = gain * (sequence + rng.uniform(-0.1, 0.2))
        # Zero is reserved for the background, as in skull-stripped volumes.
        sequences[i] = np.where(brain, np.rint(sequence).clip(1), 0)
    return sequences
