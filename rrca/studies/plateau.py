"""What a network that says nothing pays: the loss of one score for every pixel."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from rrca import losses
from rrca.errors import InputError


@dataclass(frozen=True)
class Plateau:
    """The best prediction that is the same everywhere.

    Parameters
    ----------
    score : float
        The probability that it gives to every pixel.
    terms : dict of str to float
        Its loss, term by term.
    """

    score: float
    terms: dict[str, float]

    @property
    def loss(self) -> float:
        """The sum of the terms."""
        return sum(self.terms.values())


def constant(target_pixels: int, pixels: int, score: float, loss: str = "dpt-k") -> dict[str, float]:
    """Loss of one score for every pixel of a batch, by term.

    Parameters
    ----------
    target_pixels, pixels : int
        Of the batch; where the targets lie does not matter.
    score : float
        The probability, above 0 and below 1.
    loss : str, default "dpt-k"
        As for `rrca.losses.build`.

    Returns
    -------
    dict of str to float

    Raises
    ------
    InputError
        If there are more target pixels than pixels, or the score is not a probability between 0 and 1.

    Examples
    --------
    With 79 target pixels and s = 1 the Dice term of an empty prediction is 1 - 1 / (79 + 1):

    >>> round(constant(79, 65_536, 1e-9)["dice"], 4)
    0.9875
    """
    if not 0 <= target_pixels <= pixels or pixels < 1:
        raise InputError(
            f"target_pixels = {target_pixels} of pixels = {pixels}; needs 0 <= target_pixels <= pixels."
        )
    if not 0 < score < 1:
        raise InputError(f"score = {score}; a probability above 0 and below 1 is needed.")
    mask = torch.zeros(1, 1, 1, pixels)
    mask[..., :target_pixels] = 1
    logits = torch.full_like(mask, float(torch.logit(torch.tensor(score, dtype=torch.float64))))
    return {name: float(term) for name, term in losses.build(loss).terms(logits, mask).items()}


def best_constant(target_pixels: int, pixels: int, loss: str = "dpt-k", tried: int = 60) -> Plateau:
    """The cheapest prediction that is the same everywhere: where a network waits before it finds a target.

    Parameters
    ----------
    target_pixels, pixels, loss
        As for `constant`.
    tried : int, default 60
        Scores tried, evenly in their logarithm from 1e-5 to 0.5.

    Returns
    -------
    Plateau
    """
    scores = torch.logspace(-5, float(torch.log10(torch.tensor(0.5))), tried, dtype=torch.float64).tolist()
    found = [Plateau(score, constant(target_pixels, pixels, score, loss)) for score in scores]
    return min(found, key=lambda one: one.loss)


def spoken(detector, frames: Iterable, threshold: float = 0.5) -> dict[str, float]:
    """What a network says over all pixels of some frames.

    Parameters
    ----------
    detector : Detector
        `rrca.Detector(model)`.
    frames : iterable of Frame
    threshold : float, default 0.5

    Returns
    -------
    dict of str to float
        "above / %": share of the pixels whose score is above the threshold, in per cent (about 0.1 % of a frame of
        NUAA-SIRST are target pixels). "lowest" and "highest" score.
    """
    scores = [detector.scores(frame.image) for frame in frames]
    above, pixels = sum(int((s > threshold).sum()) for s in scores), sum(s.size for s in scores)
    return {
        "above / %": 100 * above / pixels,
        "lowest": min(float(s.min()) for s in scores),
        "highest": max(float(s.max()) for s in scores),
    }
