"""Synthetic infrared scenes: clutter, small targets with a set SCR, sensor noise.

The data of the course when no real set is on the machine, and the one place where every property
of a frame (target position, SCR, clutter) is known because it was set. A frame is

    image = clip(level + clutter * structure(kind) + sum of amplitude * profile + noise, 0, 1)

Everything follows from the seed, with a separate random stream for each concern: changing the SCR
changes no background pixel away from the targets, and one target more leaves the others in place.
"""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, get_args

import numpy as np
from scipy.optimize import brentq
from scipy.special import erf

from rrca.data.clutter import KINDS, Kind, clutter_field, standardised
from rrca.errors import InputError

__all__ = [
    "CANDIDATES",
    "KINDS",
    "LOWEST_SCR",
    "MASK_FRACTION",
    "RING",
    "STEADY_SCR",
    "Kind",
    "Polarity",
    "Scene",
    "Target",
    "clutter_field",
    "scene",
    "split_scene",
    "split_seeds",
]

Polarity = Literal["bright", "dark"]

MASK_FRACTION = 0.35  # of the profile's peak; masks of NUAA-SIRST end at about this level
RING = 20  # px, by which a target's bounding box is widened on each side (Gao et al. 2013)
LOWEST_SCR = 0.5  # below it clutter alone measures as much
STEADY_SCR = 6.0  # positions are chosen so that up to here the SCR can change without moving them
CANDIDATES = 100  # positions tried per target

# One random stream per concern: np.random.default_rng((seed, concern, ...)).
_BACKGROUND, _NOISE, _COUNT, _TARGET, _SCR, _SPLIT = range(6)


# ------------------------------------------------------------------------------------------- targets
@dataclass(frozen=True)
class Target:
    """A target as it was set.

    Attributes
    ----------
    row, column : float
        Centre in px; the centre of the frame's first pixel is (0, 0).
    amplitude : float
        Height of the profile's peak in grey levels; negative for a dark target.
    scr : float
        Signal-to-clutter ratio in the finished frame; see `scene`.
    """

    row: float
    column: float
    amplitude: float
    scr: float


@dataclass(frozen=True)
class Scene:
    """A synthetic frame and its truth.

    Attributes
    ----------
    image : ndarray of shape (H, W), float32
        Grey levels in [0, 1].
    mask : ndarray of shape (H, W), bool
        True on the pixels of targets.
    targets : tuple of Target
    kind : {"cloud", "sky", "sea", "ground"}
    seed : int
    """

    image: np.ndarray
    mask: np.ndarray
    targets: tuple[Target, ...]
    kind: Kind
    seed: int


@dataclass(frozen=True)
class _Stamp:
    """Profile of one target on the window of the frame that it touches."""

    row: float
    column: float
    window: tuple[slice, slice]
    profile: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        return self.profile > MASK_FRACTION


def _blurred_side(x: np.ndarray, side: float, sigma: float) -> np.ndarray:
    """A box of `side` px around 0, blurred by a Gaussian, 1 at x = 0."""
    half, width = max(side, 0.01) / 2, np.sqrt(2) * sigma
    return (erf((x + half) / width) - erf((x - half) / width)) / (2 * erf(half / width))


def _stamp(centre: tuple[float, float], body: tuple[float, float], angle: float, sigma: float) -> _Stamp:
    """A box of body = (length, width) px, turned by `angle`, blurred by the PSF, with its peak at 1.

    A box blurred by a Gaussian is a product of differences of erf, exact at any sub-pixel position;
    a box of size 0 is the Gaussian itself.
    """
    reach = int(np.ceil(4 * sigma + 0.5 * np.hypot(*body))) + 1
    first = [round(c) - reach for c in centre]
    window = tuple(slice(a, a + 2 * reach + 1) for a in first)
    y, x = (np.arange(a, a + 2 * reach + 1) - c for a, c in zip(first, centre, strict=True))
    y = y[:, None]
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    profile = _blurred_side(u, body[0], sigma) * _blurred_side(v, body[1], sigma)
    return _Stamp(*centre, window, profile)


class _Contrast:
    """Signed SCR of one target, in the finished (clipped) frame, as a function of its amplitude."""

    GRID = np.geomspace(0.02, 1, 10)

    def __init__(self, frame: np.ndarray, stamp: _Stamp, others: np.ndarray, sign: int):
        """`frame` without this target, before clipping; `others`: mask of the other targets."""
        inside = np.zeros(frame.shape, bool)
        inside[stamp.window] = stamp.mask
        profile = np.zeros(frame.shape)
        profile[stamp.window] = stamp.profile
        box = [slice(max(i.min() - RING, 0), i.max() + RING + 1) for i in np.nonzero(inside)]
        frame, profile, inside, others = (a[tuple(box)] for a in (frame, profile, inside, others))
        ring = ~inside & ~others
        self.sign = sign
        self.target = frame[inside], profile[inside]
        self.ring = frame[ring], profile[ring]

    def __call__(self, amplitude: float) -> float:
        target, ring = (
            np.clip(base + self.sign * amplitude * profile, 0, 1)
            for base, profile in (self.target, self.ring)
        )
        spread = ring.std()
        return float(self.sign * (target.mean() - ring.mean()) / spread) if spread > 1e-9 else np.inf

    def reach(self) -> float:
        """Highest SCR that an amplitude of up to 1 gives.

        It does not grow without end: the profile's tail outside the mask is part of the ring and
        raises its standard deviation, and pixels saturate.
        """
        return max(map(self, self.GRID))

    def solve(self, scr: float) -> float | None:
        """Smallest amplitude in [0, 1] at which the SCR is `scr`; None where it is not reached."""
        low = 0.0
        if self(low) >= scr:
            return None
        for high in self.GRID:
            if self(high) >= scr:
                return brentq(lambda a: self(a) - scr, low, high, xtol=1e-7)
            low = high
        return None


def _place(
    frame: np.ndarray,
    placed: list[_Stamp],
    rng: np.random.Generator,
    sigma: float,
    length: float,
    scr: float,
    sign: int,
) -> tuple[_Stamp | None, float]:
    """First position, clear of the targets placed before, that reaches `scr` and STEADY_SCR.

    Where there is none, the position that reaches most (or None); and what the position reaches.
    """
    angle, body = rng.uniform(0, np.pi), (length, length * rng.uniform(0.35, 0.8))
    margin = len(_stamp((0.0, 0.0), body, angle, sigma).profile) // 2 + 1
    highest = [n - 1 - margin for n in frame.shape]
    if min(highest) < margin:
        return None, 0.0
    others, taken, best = np.zeros(frame.shape, bool), np.zeros(frame.shape, bool), (None, 0.0)
    for stamp in placed:
        others[stamp.window] |= stamp.mask
        taken[stamp.window] = True
    for _ in range(CANDIDATES):
        stamp = _stamp(tuple(rng.uniform(margin, highest)), body, angle, sigma)
        if taken[stamp.window].any():
            continue
        contrast = _Contrast(frame, stamp, others, sign)
        if abs(contrast(0)) >= LOWEST_SCR:
            continue
        # A tenth less than found: targets placed later still change this one's ring a little.
        reach = 0.9 * contrast.reach()
        if reach >= max(scr, STEADY_SCR):
            return stamp, reach
        best = max(best, (stamp, reach), key=lambda found: found[1])
    return best


def _amplitudes(frame: np.ndarray, stamps: list[_Stamp], scrs: list[float], sign: int) -> list[float] | None:
    """Amplitudes that give every target its SCR in the finished frame; None where there are none.

    A target's tail lies in the rings of its neighbours, so the targets take turns until all agree.
    """
    masks = [np.zeros(frame.shape, bool) for _ in stamps]
    for mask, stamp in zip(masks, stamps, strict=True):
        mask[stamp.window] = stamp.mask
    amplitudes = [0.0] * len(stamps)
    for _ in range(12):
        before = list(amplitudes)
        for i, stamp in enumerate(stamps):
            rest = frame.copy()
            for j, other in enumerate(stamps):
                rest[other.window] += (j != i) * sign * amplitudes[j] * other.profile
            others = np.any([m for j, m in enumerate(masks) if j != i] or [np.zeros_like(masks[i])], axis=0)
            solved = _Contrast(rest, stamp, others, sign).solve(scrs[i])
            if solved is None:
                return None
            amplitudes[i] = solved
        if np.allclose(before, amplitudes, rtol=1e-4, atol=0):
            break
    return amplitudes


# -------------------------------------------------------------------------------------------- scenes
def _range(name: str, value, lowest: float, number: type = Real) -> tuple:
    """(low, high) of a number or a pair of numbers, both finite and at least `lowest`."""
    pair = (value, value) if isinstance(value, number) else value
    usable = isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(v, number) for v in pair)
    if not usable or not lowest <= pair[0] <= pair[1] < np.inf:
        what = "an integer" if number is Integral else "a number"
        raise InputError(
            f"{name}={value!r} must be {what} of {lowest:g} or more, or a pair (low, high) of such."
        )
    return tuple(pair)


def _seed(seed: int) -> int:
    """The seed as a Python int, checked."""
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed={seed!r} must be an integer of 0 or more.")
    return int(seed)


def scene(
    seed: int,
    kind: Kind = "cloud",
    size: tuple[int, int] = (256, 256),
    targets: int | tuple[int, int] = 2,
    scr: float | tuple[float, float] = 5.0,
    psf_sigma: float = 1.2,
    target_size: float | tuple[float, float] = 0.0,
    clutter: float | None = None,
    noise: float = 0.005,
    polarity: Polarity = "bright",
) -> Scene:
    """One synthetic infrared frame with targets of a set signal-to-clutter ratio (SCR).

    The SCR of a target is |mean of its pixels - mean of the ring| / standard deviation of the ring.
    The ring is the bounding box of its mask widened by 20 px on each side (cut at the frame's
    border), without the pixels of any target. The amplitude is solved for on the finished frame,
    that is with noise, clipping and the target's own tail in its ring.

    Parameters
    ----------
    seed : int
        0 or more. The same arguments give the same bits.
    kind : {"cloud", "sky", "sea", "ground"}, default "cloud"
        The background; see `KINDS`.
    size : (int, int), default (256, 256)
        Rows, columns; 48 px or more each.
    targets : int or (int, int), default 2
        How many, or a range of which the seed draws (both ends included). 0 is allowed.
    scr : float or (float, float), default 5.0
        SCR of every target, or a range from which each target's own is drawn (log-uniform, lowered
        to what the frame's best position reaches); 0.5 or more. A change of it up to 6 leaves the
        targets where they are, unless no position tried reaches 6.
    psf_sigma : float, default 1.2
        Standard deviation of the optics' Gaussian point spread function in px; 0.5 to 8.
    target_size : float or (float, float), default 0.0
        Length in px of the target before blur, or a range to draw from; 0 is a point. An extended
        target is a box at any angle, 0.35 to 0.8 times as wide as long.
    clutter : float, optional
        Standard deviation of the background over the frame in grey levels (before clipping).
        Default: cloud 0.14, sky 0.04, sea 0.05, ground 0.07.
    noise : float, default 0.005
        Standard deviation of the white sensor noise in grey levels.
    polarity : {"bright", "dark"}, default "bright"
        Whether targets are brighter or darker than their surroundings. Backgrounds for dark
        targets are lifted to a grey level of 0.25 at least, others to 0.02.

    Returns
    -------
    Scene
        A pixel belongs to the mask where a target's profile exceeds 0.35 (`MASK_FRACTION`) of its
        peak: the level at which hand-drawn masks of NUAA-SIRST end, about.

    Raises
    ------
    InputError
        If an argument is out of its range, or if no position in this frame reaches the SCR.

    Notes
    -----
    A blurred target raises the standard deviation of its own ring, so that its SCR has a limit
    however bright it is: about 46 for a point at psf_sigma=1.2, about 24 at 2.

    References
    ----------
    SCR and ring after Gao et al. 2013, "Infrared Patch-Image Model for Small Target Detection in a
    Single Image", IEEE Transactions on Image Processing 22(12).

    Examples
    --------
    >>> frame = scene(0, kind="sea", targets=1, scr=8)
    >>> frame.image.shape, str(frame.image.dtype), int(frame.mask.sum()), frame.targets[0].scr
    ((256, 256), 'float32', 9, 8.0)
    """
    seed = _seed(seed)
    if kind not in KINDS:
        raise InputError(f"kind={kind!r} is not one of {', '.join(map(repr, KINDS))}.")
    if polarity not in get_args(Polarity):
        raise InputError(f"polarity={polarity!r} is not one of {', '.join(map(repr, get_args(Polarity)))}.")
    if np.shape(size) != (2,) or not all(isinstance(n, Integral) and n >= 48 for n in size):
        raise InputError(f"size={size!r} must be (rows, columns), integers of 48 px or more.")
    size = tuple(size)
    count, lengths = _range("targets", targets, 0, Integral), _range("target_size", target_size, 0)
    scrs = _range("scr", scr, LOWEST_SCR)
    if not 0.5 <= psf_sigma <= 8:
        raise InputError(f"psf_sigma={psf_sigma!r} must lie between 0.5 and 8 px.")
    structure, usual = KINDS[kind]
    clutter = usual if clutter is None else clutter
    for name, value in (("clutter", clutter), ("noise", noise)):
        if not 0 <= value <= 1:
            raise InputError(f"{name}={value!r} must lie between 0 and 1 grey levels.")
    if noise == 0 and count[1] > 0:
        raise InputError(
            "noise=0 leaves flat parts in which no SCR is defined; give a small noise, as 0.001."
        )

    rng = np.random.default_rng((seed, _BACKGROUND))
    frame = rng.uniform(0.15, 0.55) + clutter * standardised(structure(rng, size))
    floor = 0.02 if polarity == "bright" else 0.25  # nothing is clipped to 0; dark targets need depth
    frame += max(0.0, floor - frame.min())
    frame += noise * np.random.default_rng((seed, _NOISE)).standard_normal(size)

    sign = 1 if polarity == "bright" else -1
    n = int(np.random.default_rng((seed, _COUNT)).integers(count[0], count[1] + 1))
    drawn = np.exp(np.random.default_rng((seed, _SCR)).uniform(*np.log(scrs), size=n))
    stamps, wanted = [], [float(value) for value in np.clip(drawn, *scrs)]  # exp(log(5)) is not quite 5
    for i in range(n):
        rng = np.random.default_rng((seed, _TARGET, i))
        stamp, reach = _place(frame, stamps, rng, psf_sigma, rng.uniform(*lengths), wanted[i], sign)
        wanted[i] = min(wanted[i], reach)
        if stamp is None or wanted[i] < scrs[0]:
            break
        stamps.append(stamp)
    amplitudes = _amplitudes(frame, stamps, wanted, sign) if len(stamps) == n else None
    if amplitudes is None:
        raise InputError(
            f"targets={targets!r} of scr={scr!r} do not fit into the scene of seed={seed}, kind={kind!r}: "
            "lower scr, clutter, noise or the number of targets, or take another seed."
        )
    mask = np.zeros(size, bool)
    for stamp, amplitude in zip(stamps, amplitudes, strict=True):
        frame[stamp.window] += sign * amplitude * stamp.profile
        mask[stamp.window] |= stamp.mask
    image = np.clip(frame, 0, 1).astype(np.float32)
    found = zip(stamps, amplitudes, wanted, strict=True)
    return Scene(image, mask, tuple(Target(s.row, s.column, sign * a, w) for s, a, w in found), kind, seed)


# -------------------------------------------------------------------------------------------- splits
_SPLITS = {"train": range(160), "val": range(160, 192), "test": range(1000, 1064)}


def split_seeds(split: str) -> list[int]:
    """Seeds of a split of the synthetic set.

    Parameters
    ----------
    split : {"train", "val", "trainval", "test", "all"}
        train: 0-159; val: 160-191; test: 1000-1063; trainval: train and val; all: everything.

    Returns
    -------
    list of int

    Raises
    ------
    InputError
        If the split has another name.

    Examples
    --------
    >>> len(split_seeds("train")), len(split_seeds("val")), len(split_seeds("test"))
    (160, 32, 64)
    """
    names = {name: (name,) for name in _SPLITS} | {"trainval": ("train", "val"), "all": tuple(_SPLITS)}
    if split not in names:
        raise InputError(f"split={split!r} is not one of {', '.join(map(repr, names))}.")
    return [seed for name in names[split] for seed in _SPLITS[name]]


def split_scene(seed: int) -> Scene:
    """Scene of the synthetic set: kind, size, targets and SCR drawn to resemble NUAA-SIRST.

    Parameters
    ----------
    seed : int
        One of `split_seeds`, or any other integer of 0 or more.

    Returns
    -------
    Scene

    Notes
    -----
    Of NUAA-SIRST's 213 training frames, 84 % have one target and 11 % two; 90 % are 171-297 px high
    and 243-363 px wide; target areas have median 20 px, mean 33 px, maximum 330 px; SCR has median
    9.9, and 1.5-28 for 90 %. Here SCR is log-uniform in 2-20, where the frame allows.
    """
    seed = _seed(seed)
    rng = np.random.default_rng((seed, _SPLIT))
    kind = str(rng.choice(list(KINDS), p=[0.45, 0.25, 0.1, 0.2]))
    size = (int(rng.integers(180, 297)), int(rng.integers(243, 363)))
    targets = int(rng.choice([1, 2, 3], p=[0.84, 0.12, 0.04]))
    # The area asked for fixes the blur, if small, or the length of the body, if large.
    area = np.clip(np.exp(rng.normal(np.log(26), 0.9)), 6, 330)
    point = 2 * np.pi * np.log(1 / MASK_FRACTION)  # area of a point target's mask in units of sigma^2
    sigma = min(rng.uniform(0.9, 1.5), np.sqrt(area / point))
    length = np.sqrt(max(area - point * sigma**2, 0) / 0.6)
    clutter = KINDS[kind][1] * np.exp(rng.normal(0, 0.5))
    noise = np.exp(rng.uniform(np.log(0.002), np.log(0.012)))
    return scene(
        seed, kind, size, targets, (2, 20), float(sigma), float(length), float(clutter), float(noise)
    )
