"""Backgrounds of synthetic scenes: random fields with a set spectrum, and sky, cloud, sea, ground of them."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import ndimage

Kind = Literal["cloud", "sky", "sea", "ground"]


def clutter_field(
    rng: np.random.Generator, size: tuple[int, int], beta: float, stretch: float = 1.0, angle: float = 0.0
) -> np.ndarray:
    """Random field whose power spectrum falls as 1 / f^beta, with mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : (int, int)
        Rows, columns.
    beta : float
        Spectral exponent of the *power*: 0 is white, about 2 natural terrain, 3 and more cloud.
        (Over 0.02-0.25 cycles/px, training frames of NUAA-SIRST: median 3.0, 5-95 % 1.5-4.5.)
    stretch : float, default 1.0
        Structures are this many times longer along `angle` than across it.
    angle : float, default 0.0
        Radians from the column axis towards growing rows.

    Returns
    -------
    ndarray of shape (H, W), float64

    References
    ----------
    Field 1987, "Relations between the statistics of natural images and the response properties of
    cortical cells", JOSA A 4(12): 1/f^2 power spectra of natural scenes.

    Examples
    --------
    >>> field = clutter_field(np.random.default_rng(0), (64, 96), beta=3)
    >>> field.shape, round(float(field.std()), 6)
    ((64, 96), 1.0)
    """
    # A quarter larger, then cropped: the field of an FFT is periodic, a frame is not.
    rows, columns = (16 * -(-5 * n // 64) for n in size)
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None]
    along, across = np.cos(angle) * fx + np.sin(angle) * fy, np.cos(angle) * fy - np.sin(angle) * fx
    power = (stretch * along) ** 2 + across**2
    power[0, 0] = np.inf  # no mean
    real, imaginary = rng.standard_normal((2, *power.shape))
    field = np.fft.irfft2((real + 1j * imaginary) * power ** (-beta / 4), (rows, columns))
    return standardised(field[: size[0], : size[1]])


def standardised(field: np.ndarray) -> np.ndarray:
    """Shift and scale to mean 0, standard deviation 1."""
    return (field - field.mean()) / field.std()


def _ramp(x: np.ndarray) -> np.ndarray:
    """Smooth step from 0 (x <= 0) to 1 (x >= 1)."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _sky(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Clear sky: brighter towards the ground, a little vignetting, a trace of haze."""
    y, x = np.linspace(-1, 1, size[0])[:, None], np.linspace(-1, 1, size[1])[None]
    gradient = rng.uniform(0.3, 1) * y + rng.uniform(-0.5, 0.5) * x
    vignette = -rng.uniform(0, 0.6) * (x * x + y * y)
    haze = clutter_field(rng, size, beta=3.4, stretch=rng.uniform(1, 4), angle=rng.normal(0, 0.3))
    return gradient + vignette + rng.uniform(0.05, 0.2) * haze


def _cloud(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Clouds: a thresholded 1/f^4 field gives bodies with edges, a second one their texture."""
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(1, 2.5)
    density = clutter_field(rng, size, rng.uniform(3.3, 4.2), stretch, angle)
    texture = clutter_field(rng, size, rng.uniform(2.9, 3.6), stretch, angle)
    cover, softness = rng.uniform(-0.8, 0.9), rng.uniform(0.15, 2.5)
    body = _ramp((density + 0.15 * texture - cover) / softness)
    return body * (1 + 0.3 * texture + 0.3 * density) + rng.uniform(0.02, 0.12) * density


def _sea(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Sea under a horizon: waves that shrink towards it, and glints on the crests below the sun."""
    H, W = size
    horizon = rng.uniform(-0.1, 0.5) * H
    rows = np.arange(H) - horizon
    depth = np.clip(rows / (H - horizon), 1e-3, 1)
    # Perspective: the distance on the water grows as 1 / depth, so equal steps on the frame cross
    # ever more waves towards the horizon. Rows of a plane field, mirrored where it ends, are looked
    # up at that distance.
    waves = clutter_field(rng, size, rng.uniform(2.0, 2.8), stretch=rng.uniform(4, 8))
    place = 0.8 * H * (1 / (depth + 0.1) - 1 / 1.1)
    place = (H - 1) - np.abs(place % (2 * H - 2) - (H - 1))
    near = np.minimum(place.astype(int), H - 2)
    waves = waves[near] + (place - near)[:, None] * (waves[near + 1] - waves[near])
    sun = np.exp(-0.5 * ((np.arange(W) / W - rng.uniform(0.1, 0.9)) / rng.uniform(0.08, 0.25)) ** 2)
    glints = rng.uniform(0, 4) * sun * np.maximum(waves - 1.2, 0)
    sea = (0.3 + 0.7 * np.sqrt(depth))[:, None] * (waves + glints)
    sky = rng.choice([-1, 1]) * rng.uniform(0.8, 2) + rng.uniform(-0.5, 2) * (rows / H)[:, None]
    below = _ramp(rows / 2.5 + 0.5)[:, None]  # a horizon about 2 px wide
    return below * sea + (1 - below) * sky


def _ground(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Terrain: fields and blocks, roads, hot roofs, rough texture; often a ridge with sky above."""
    H, W = size
    y, x = np.mgrid[:H, :W].astype(float)
    angle = rng.uniform(0, np.pi)
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    u = u + 6 * np.sin(v / rng.uniform(40, 90) + rng.uniform(0, 6))  # nothing outdoors is quite straight
    lots = [np.cumsum(rng.uniform(12, 60, 40)) - 600 for _ in "uv"]
    blocks = rng.normal(0, 1, (41, 41))[np.searchsorted(lots[0], u), np.searchsorted(lots[1], v)]
    land = rng.uniform(0.2, 0.7) * blocks + clutter_field(rng, size, rng.uniform(2.1, 2.8))
    for along, across in ((u, v), (v, u))[: rng.integers(0, 3)]:
        middle = rng.uniform(0.2, 0.8) * np.ptp(across) + across.min()
        meander = 8 * np.sin(along / rng.uniform(30, 80) + rng.uniform(0, 6))
        road = np.exp(-(((across - middle - meander) / rng.uniform(1.5, 3)) ** 2))
        land = land + road * (rng.choice([-1.5, 2.0]) - land)
    for _ in range(rng.integers(0, 6)):
        roof = (np.abs(u - rng.uniform(u.min(), u.max())) < rng.uniform(3, 9)) & (
            np.abs(v - rng.uniform(v.min(), v.max())) < rng.uniform(3, 9)
        )
        land[roof] = rng.uniform(1.5, 3)
    if rng.random() < 0.5:
        ridge = rng.uniform(0.15, 0.5) * H + 0.04 * H * clutter_field(rng, (16, W), beta=2.5)[0]
        haze = np.exp(-np.maximum(y - ridge, 0) / (0.5 * H))  # far terrain loses contrast
        sky = rng.uniform(-2.5, -1) + 0.6 * y / H
        land = np.where(y > ridge, (1 - 0.6 * haze) * land, sky)
    return ndimage.gaussian_filter(land, 0.8)  # the optics blur edges over a pixel


# Structure of the background and its default standard deviation in grey levels.
KINDS: dict[Kind, tuple[Callable[[np.random.Generator, tuple[int, int]], np.ndarray], float]] = {
    "cloud": (_cloud, 0.14),
    "sky": (_sky, 0.04),
    "sea": (_sea, 0.05),
    "ground": (_ground, 0.07),
}
