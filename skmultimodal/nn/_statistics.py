"""What a linear model reads of an image: intensities, their texture and their place."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["ImageStatistics", "count_statistics"]

PERCENTILES = (5, 25, 50, 75, 95)
N_RINGS = 6
# In units of half a side; the corners beyond it belong to no ring.
LARGEST_RADIUS = 1.2
# Sides of the blocks that texture and asymmetry are measured after.
TEXTURE_SCALES = (1, 2, 4, 8)
MIRROR_SCALES = (2, 4)
# Differences of each two channels; of more channels there would be too many.
MAX_PAIRED = 4
# The logarithm of a texture is of what exceeds this share of a standard deviation, and
# so has a bounded slope, which integrated gradients need.
SOFTENING = 0.05
# Segmentations are read as label / 4: any label of at least 1 is inside.
LABEL = 4.0

# Of larger images there are as many statistics.
LARGEST_COUNTED = 64

Named = Iterator[tuple[str, Tensor]]


class ImageStatistics(nn.Module):
    """Statistics of each image, differentiable: (B, C, H, W) -> (B, n_statistics).

    Of images without a segmentation: mean, standard deviation and percentiles of each
    channel and of the differences of channels, in all of the image and in its centre,
    texture by scale, rings around the middle, asymmetry, covariance of channels. With a
    segmentation they are of the region, of its rim, and of its size, place and shape.
    Pixels whose channels are all 0 are background, which counts in none of them.

    Parameters
    ----------
    n_channels : int
        Of the images, the segmentation included.
    mask_channel : int or None, default=None
        The segmentation, divided by 4.

    Examples
    --------
    >>> import torch
    >>> from skmultimodal.nn import ImageStatistics
    >>> ImageStatistics(1)(torch.ones(3, 1, 24, 20)).shape
    torch.Size([3, 51])
    """

    def __init__(self, n_channels: int, mask_channel: int | None = None) -> None:
        super().__init__()
        self.mask_channel = mask_channel
        self.channels = [i for i in range(n_channels) if i != mask_channel]

    def forward(self, x: Tensor) -> Tensor:
        """Statistics in the order of `names`."""
        return torch.cat([values for _, values in self._measure(x)], dim=1)

    def names(self, image_shape: Sequence[int], channels: Sequence[str]) -> list[str]:
        """Names of the statistics.

        Parameters
        ----------
        image_shape : (int, int, int)
            Channels, height, width.
        channels : sequence of str
            Names of all channels.
        """
        found = []
        own = [channels[i] for i in self.channels]
        pairs = [f"{a}-{b}" for a, b in combinations(own, 2)]
        for name, values in self._measure(torch.ones(1, *image_shape)):
            kind, _, rest = name.partition(":")
            owners = {"channel": own, "pair": pairs, "image": [""]}[kind]
            n_each = values.shape[1] // len(owners)
            ends = [f"_{q}" for q in PERCENTILES] if n_each > 1 else [""]
            found += [f"{o}_{rest}{end}".lstrip("_") for o in owners for end in ends]
        return found

    def _measure(self, x: Tensor) -> Named:
        """Blocks of statistics, each named by what its columns are of."""
        images = x[:, self.channels]
        inside = (images != 0).any(dim=1, keepdim=True).to(x)
        if self.mask_channel is None:
            yield from _of_image(images, inside)
        else:
            mask = x[:, self.mask_channel, None]
            yield from _of_region(images, inside, mask)


@lru_cache(maxsize=256)
def count_statistics(image_shape: tuple[int, ...], mask_channel: int | None) -> int:
    """Number of statistics of an image.

    Parameters
    ----------
    image_shape : (int, int, int)
        Channels, height, width.
    mask_channel : int or None
        The segmentation.
    """
    n_channels, *sides = image_shape
    small = [min(side, LARGEST_COUNTED) for side in sides]
    # Measured once and in earnest, also where a network is made without memory: there,
    # each operation takes a hundred times as long, and imports torch's compiler. Of
    # channels beyond all reason, which a file may have, nothing is allocated.
    device = "cpu" if n_channels <= LARGEST_COUNTED else "meta"
    with torch.device(device), torch.no_grad():
        x = torch.zeros(1, n_channels, *small)
        return ImageStatistics(n_channels, mask_channel)(x).shape[1]


def _of_image(x: Tensor, inside: Tensor) -> Named:
    yield from _twice("channel", x, inside)
    if 1 < x.shape[1] <= MAX_PAIRED:
        apart = _differences(x)
        yield from _twice("pair", apart, inside)
        for name, values in _texture(apart, inside):
            yield f"pair:{name}", values
    if x.shape[1] > 1:
        yield "pair:correlation", _correlations(x, inside)
    for scale in TEXTURE_SCALES:
        y, w = _shrink(x, inside, scale)
        if min(y.shape[2:]) < 4 and scale > 1:
            break
        for place, part, weight in (("", y, w), ("_centre", _centre(y), _centre(w))):
            for name, values in _texture(part, weight):
                yield f"channel:{name}{place}_{scale}px", values
    for scale in MIRROR_SCALES:
        yield from _asymmetry(*_shrink(x, inside, scale), scale)
    for number, ring in enumerate(_rings(x)):
        mean, spread = _moments(x, inside * ring)
        yield f"channel:ring{number}_mean", mean
        yield f"channel:ring{number}_sd", spread


def _of_region(x: Tensor, inside: Tensor, mask: Tensor) -> Named:
    region = (LABEL * mask).clamp(max=1)
    rim = (F.max_pool2d(region, 5, stride=1, padding=2) - region) * inside
    yield from _shape(region)
    for label in (1, 2, 4):
        same = 1 - (LABEL * mask - label).abs().clamp(max=1)
        yield f"image:label{label}_share", _share(same * region, region)
    kinds = [("channel", x)]
    if 1 < x.shape[1] <= MAX_PAIRED:
        kinds.append(("pair", _differences(x)))
    for kind, values in kinds:
        yield from _intensities(kind, values, region, "region")
    mean, spread = _moments(x, rim)
    yield "channel:rim_mean", mean
    yield "channel:rim_sd", spread
    yield "channel:region-rim", _moments(x, region)[0] - mean
    for name, values in _texture(x, region):
        yield f"channel:region_{name}", values


def _twice(kind: str, x: Tensor, inside: Tensor) -> Named:
    """Intensities of the image and of its centre, and how far these differ."""
    yield from _intensities(kind, x, inside, "image")
    middle, weight = _centre(x), _centre(inside)
    yield from _intensities(kind, middle, weight, "centre")
    apart = _moments(middle, weight)[0] - _moments(x, inside)[0]
    yield f"{kind}:centre-image", apart


def _intensities(kind: str, x: Tensor, weight: Tensor, place: str) -> Named:
    mean, spread = _moments(x, weight)
    yield f"{kind}:{place}_mean", mean
    yield f"{kind}:{place}_sd", spread
    yield f"{kind}:{place}_p", _percentiles(x, weight)


def _mean(x: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of each plane (B, C); 0 where nothing has weight."""
    total = weight.sum(dim=(2, 3))
    return (x * weight).sum(dim=(2, 3)) / total.clamp(min=1e-6)


def _moments(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    mean = _mean(x, weight)
    variance = _mean((x - mean[..., None, None]).square(), weight)
    return mean, (variance + 1e-8).sqrt()


def _percentiles(x: Tensor, weight: Tensor) -> Tensor:
    """Of the pixels that mostly count, interpolated: (B, C * n_percentiles)."""
    counts = (weight >= 0.5).expand_as(x)
    last = x.new_full((), torch.finfo(x.dtype).max)
    ordered = _sorted(torch.where(counts, x, last).flatten(2))
    n = counts.flatten(2).sum(dim=2, keepdim=True)
    at = torch.tensor(PERCENTILES, dtype=x.dtype, device=x.device) / 100 * (n - 1)
    at = at.clamp(min=0)
    low, high = at.floor().long(), at.ceil().long()
    below, above = ordered.gather(2, low), ordered.gather(2, high)
    values = below + (at - low) * (above - below)
    return torch.where(n > 0, values, 0.0).flatten(1)


def _sorted(x: Tensor) -> Tensor:
    """Values along the last axis in ascending order."""
    if x.requires_grad or x.device.type != "cpu":
        return x.sort(dim=-1).values
    # NumPy sorts far faster than torch, but without gradients.
    values = x.clone(memory_format=torch.contiguous_format)
    values.numpy().sort(axis=-1)
    return values


def _texture(x: Tensor, weight: Tensor) -> Named:
    """Logarithms of the root mean squares of differences of neighbours."""
    for name, axis in (("vertical", 2), ("horizontal", 3)):
        n = x.shape[axis] - 1
        if n > 0:
            step = x.narrow(axis, 1, n) - x.narrow(axis, 0, n)
            both = weight.narrow(axis, 1, n) * weight.narrow(axis, 0, n)
            yield f"{name}_gradient", _log_size(step, both)
    if min(x.shape[2:]) > 2:
        middle = x[:, :, 1:-1, 1:-1]
        around = x[:, :, 2:, 1:-1] + x[:, :, :-2, 1:-1]
        around = around + x[:, :, 1:-1, 2:] + x[:, :, 1:-1, :-2]
        yield "laplacian", _log_size(4 * middle - around, weight[:, :, 1:-1, 1:-1])


def _asymmetry(x: Tensor, weight: Tensor, scale: int) -> Named:
    """Mean distance of each standardised plane from its mirror images."""
    mean, spread = _moments(x, weight)
    z = (x - mean[..., None, None]) * weight / (spread[..., None, None] + SOFTENING)
    mirrored = {
        "top_bottom": z.flip(2),
        "left_right": z.flip(3),
        "turned": z.flip(2, 3),
    }
    if x.shape[2] == x.shape[3]:
        mirrored["diagonal"] = z.transpose(2, 3)
    for name, other in mirrored.items():
        yield f"channel:asymmetry_{name}_{scale}px", (z - other).abs().mean(dim=(2, 3))


def _log_size(x: Tensor, weight: Tensor) -> Tensor:
    return ((_mean(x.square(), weight) + 1e-8).sqrt() + SOFTENING).log()


def _differences(x: Tensor) -> Tensor:
    pairs = list(combinations(range(x.shape[1]), 2))
    return torch.stack([x[:, i] - x[:, j] for i, j in pairs], dim=1)


def _correlations(x: Tensor, weight: Tensor) -> Tensor:
    """Covariance over the product of the spreads, which is drawn to 0 if small."""
    mean, spread = _moments(x, weight)
    centred = x - mean[..., None, None]
    found = [
        _mean(centred[:, i, None] * centred[:, j, None], weight)[:, 0]
        / (spread[:, i] * spread[:, j] + SOFTENING)
        for i, j in combinations(range(x.shape[1]), 2)
    ]
    return torch.stack(found, dim=1)


def _shape(region: Tensor) -> Named:
    """Size, place, elongation and edge of a region, in the frame of the image."""
    area = region.mean(dim=(2, 3))
    yield "image:region_area", area
    yield "image:region_side", (area + 1e-8).sqrt()
    down, across = (
        torch.linspace(-1, 1, side, dtype=region.dtype, device=region.device)
        for side in region.shape[2:]
    )
    down, across = down[None, None, :, None], across[None, None, None]
    shift_down, shift_across = _mean(down, region), _mean(across, region)
    yield "image:region_down", shift_down
    yield "image:region_right", shift_across
    yield "image:region_sideways", shift_across.abs()
    squared = shift_down.square() + shift_across.square()
    yield "image:region_offset", (squared + 1e-8).sqrt()
    yield "image:region_roundness", _roundness(region, down, across)
    edge = F.max_pool2d(region, 3, stride=1, padding=1) - region
    total = region.sum(dim=(2, 3)).clamp(min=1)
    yield "image:region_edge", edge.sum(dim=(2, 3)) / total.sqrt()


def _roundness(region: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Smaller over larger standard deviation of the place along its main axes."""
    y = down - _mean(down, region)[..., None, None]
    x = across - _mean(across, region)[..., None, None]
    yy, xx = _mean(y.square(), region), _mean(x.square(), region)
    half, xy = (yy + xx) / 2, _mean(y * x, region)
    root = ((yy - xx).square() / 4 + xy.square() + 1e-8).sqrt()
    return ((half - root).clamp(min=0) / (half + root) + 1e-8).sqrt()


def _share(part: Tensor, whole: Tensor) -> Tensor:
    return part.sum(dim=(2, 3)) / whole.sum(dim=(2, 3)).clamp(min=1)


def _shrink(x: Tensor, inside: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """Means of blocks, of which those count that mostly do."""
    scale = min(scale, *x.shape[2:])
    if scale == 1:
        return x, inside
    return F.avg_pool2d(x, scale), (F.avg_pool2d(inside, scale) >= 0.5).to(x)


def _centre(x: Tensor) -> Tensor:
    """The middle half of both sides."""
    height, width = x.shape[2:]
    down, across = height // 4, width // 4
    return x[:, :, down : height - down, across : width - across]


def _rings(x: Tensor) -> Iterator[Tensor]:
    """Weights of rings around the middle, of equal width without the corners."""
    down, across = (
        torch.linspace(-1, 1, side, dtype=x.dtype, device=x.device)
        for side in x.shape[2:]
    )
    radius = (down[:, None].square() + across.square()).sqrt()
    for low, high in pairwise(i * LARGEST_RADIUS / N_RINGS for i in range(N_RINGS + 1)):
        yield ((radius >= low) & (radius < high)).to(x)
