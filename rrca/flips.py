"""Test-time flips: the mean of the scores of a frame and of its mirror images.

A convolution's kernel has an up and a left, so the scores of a mirrored frame, mirrored back, are not those of the
frame. Their mean forgets what is due to the direction alone. Which mirror images are taken is settled by the
training: those that its augmentation draws, which the network has seen as often as the frame itself. They form a
group, so that the mean of a turned frame is the turned mean.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from rrca.errors import InputError


class Turn(NamedTuple):
    """One symmetry of a frame: rows and columns change places if `transpose`, then each is reversed or not.

    Examples
    --------
    >>> frame = np.array([[1, 2, 3], [4, 5, 6]])
    >>> quarter = Turn(transpose=True, rows=True)
    >>> quarter(frame)
    array([[3, 6],
           [2, 5],
           [1, 4]])
    >>> bool((quarter.back(quarter(frame)) == frame).all())
    True
    """

    transpose: bool = False
    rows: bool = False
    columns: bool = False

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """A frame, (H, W) or (H, W, C), turned: (H, W, …), or (W, H, …) if transposed."""
        turned = frame.swapaxes(0, 1) if self.transpose else frame
        return self._reversed(turned)

    def back(self, scores: np.ndarray) -> np.ndarray:
        """The score map of the turned frame as one of the frame itself, (H, W)."""
        straight = self._reversed(scores)
        return straight.T if self.transpose else straight

    def _reversed(self, image: np.ndarray) -> np.ndarray:
        return image[:: -1 if self.rows else 1, :: -1 if self.columns else 1]


# By the augmentation of the recipe: ours flips both ways and transposes, the release's flips left-right only.
GROUPS: dict[str, tuple[Turn, ...]] = {
    "ours": tuple(Turn(*choice) for choice in product((False, True), repeat=3)),
    "paper": (Turn(), Turn(columns=True)),
}


def known_turns(card: Mapping[str, Any] | None, name: str) -> tuple[Turn, ...]:
    """The turns that a network was trained with.

    Parameters
    ----------
    card : mapping or None
        Of the network; its recipe names the augmentation.
    name : str
        What to call the network in the message.

    Returns
    -------
    tuple of Turn
        A group; the first turn leaves the frame as it is.

    Raises
    ------
    InputError
        If there is no card, or it has no recipe of ours.

    Examples
    --------
    >>> [len(known_turns({"recipe": {"augment": augment}}, "a network")) for augment in ("ours", "paper")]
    [8, 2]
    """
    augment = ((card or {}).get("recipe") or {}).get("augment")
    if augment not in GROUPS:
        raise InputError(
            f"flips = True: no card says with which flips {name} was trained, so there is nothing known to average "
            "over; leave flips out."
        )
    return GROUPS[augment]


def mean_scores(
    score: Callable[[np.ndarray], np.ndarray], frame: np.ndarray, turns: tuple[Turn, ...]
) -> np.ndarray:
    """The mean of the score maps of a turned frame, each turned back.

    Parameters
    ----------
    score : callable
        Frame (h, w) or (h, w, C) -> score map (h, w).
    frame : array of shape (H, W) or (H, W, C)
    turns : tuple of Turn

    Returns
    -------
    float32 ndarray of shape (H, W)
        In [0, 1] where the scores are.
    """
    total = np.zeros(frame.shape[:2])  # float64, so that the order of the turns does not show
    for turn in turns:
        total += turn.back(score(turn(frame)))
    return (total / len(turns)).astype(np.float32)
