"""The losses of the paper's Section III-F and Table VIII.

Each takes logits and a mask, works in log-space and in float32, and stays finite, with a gradient on a missed target,
for logits of ±100. p = sigmoid(logit), g = mask, sums over all pixels of the batch.
"""

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rrca.errors import InputError

Form = Literal["release", "paper"]

ALPHA = 3.1  # α of Eq. (8): the paper's Table VII
TOP_PER_CENT = 10.0  # k of Eq. (9), in per cent of the batch's pixels: the paper's Table VII
SMOOTH = 1.0  # s of Eq. (7), in pixels: the release
FOCAL_GAMMA, FOCAL_ALPHA = 2.0, 0.25  # ours; the paper gives none

# --- Pixel losses: (…), (…) -> (…) -------------------------------------------------------------------------


def cross_entropy(logits: Tensor, mask: Tensor) -> Tensor:
    """−log p_t of every pixel, where p_t is the probability given to the pixel's true class.

    Parameters
    ----------
    logits, mask : Tensor of the same shape
        Scores before the sigmoid; 1 on targets, 0 elsewhere.

    Returns
    -------
    Tensor of the same shape
        Non-negative, no unit (nats).
    """
    return F.binary_cross_entropy_with_logits(logits, mask, reduction="none")


def miss_probability(logits: Tensor, mask: Tensor) -> Tensor:
    """1 − p_t of every pixel: the probability given to the wrong class, exact at both ends."""
    return torch.sigmoid(torch.where(mask > 0.5, -logits, logits))


def poly1(logits: Tensor, mask: Tensor, alpha: float = ALPHA) -> Tensor:
    """Poly-1 of every pixel: cross-entropy + α (1 − p_t).

    Parameters
    ----------
    logits, mask : Tensor of the same shape
        As for `cross_entropy`.
    alpha : float, default 3.1
        α; 0 gives cross-entropy.

    Returns
    -------
    Tensor of the same shape

    References
    ----------
    Paper, Eq. (8); Leng et al., "PolyLoss", ICLR 2022.
    """
    return cross_entropy(logits, mask) + alpha * miss_probability(logits, mask)  # Eq. (8)


def focal(logits: Tensor, mask: Tensor, gamma: float = FOCAL_GAMMA, alpha: float = FOCAL_ALPHA) -> Tensor:
    """Focal loss of every pixel: α_t (1 − p_t)^γ · cross-entropy, α_t = α_f on targets and 1 − α_f elsewhere.

    References
    ----------
    Lin et al., "Focal loss for dense object detection", ICCV 2017.
    """
    weight = torch.where(mask > 0.5, alpha, 1 - alpha)
    return weight * miss_probability(logits, mask) ** gamma * cross_entropy(logits, mask)


# --- Reductions and region losses: -> () ---------------------------------------------------------------------


def largest_mean(pixel_loss: Tensor, k: float = TOP_PER_CENT, form: Form = "release") -> Tensor:
    """Mean of the k per cent largest pixel losses of the batch: what Top-k keeps.

    Parameters
    ----------
    pixel_loss : Tensor
        One loss per pixel, any shape, N pixels in all.
    k : float, default 10
        Per cent of all pixels; max(1, ⌊N k / 100⌋) are kept, over the batch and not per frame.
    form : {"release", "paper"}
        "release" divides by the pixels kept; Eq. (9) divides by all N, which is k / 100 of it.

    Returns
    -------
    Tensor of shape ()

    References
    ----------
    Paper, Eq. (9).
    """
    pixels = pixel_loss.flatten()
    kept = max(1, int(pixels.numel() * k / 100))
    total = torch.topk(pixels, kept, sorted=False).values.sum()
    return total / {"release": kept, "paper": pixels.numel()}[form]  # Eq. (9)


def dice(logits: Tensor, mask: Tensor, smooth: float = SMOOTH) -> Tensor:
    """Dice loss of a batch, 0 for a perfect prediction and near 1 for a disjoint one.

    Parameters
    ----------
    logits, mask : Tensor of the same shape
        As for `cross_entropy`.
    smooth : float, default 1.0
        s of Eq. (7), in pixels.

    Returns
    -------
    Tensor of shape ()

    Notes
    -----
    Of the foreground class only, as in the release; the paper's Eq. (7) writes a sum over two classes.

    References
    ----------
    Paper, Eq. (7), with s = 1 as in the release; Milletari et al., "V-Net", 3DV 2016.
    """
    p = torch.sigmoid(logits)
    return 1 - (2 * (p * mask).sum() + smooth) / (p.sum() + mask.sum() + smooth)  # Eq. (7)


def soft_iou(logits: Tensor, mask: Tensor, smooth: float = SMOOTH) -> Tensor:
    """1 − (Σ p g + s) / (Σ p + Σ g − Σ p g + s), over the batch.

    References
    ----------
    Paper, Table VIII; Rahman and Wang, "Optimizing intersection-over-union in deep neural networks", ISVC 2016.
    """
    return 1 - _smoothed_iou(torch.sigmoid(logits), mask, smooth)


def focal_iou(logits: Tensor, mask: Tensor) -> Tensor:
    """FocalIoU: the focal loss, sharpened as the overlap grows, *summed* over pixels: its scale grows with the image.

    q = 0.999 (p − ½) + ½; F = (1 − q_t)² · (−log q_t); IoU = soft IoU of q over the batch, s = 1;
    loss = Σ a (1 − IoU) F^((1 + IoU) / 2), a = 0.75 on targets and 0.25 elsewhere.

    References
    ----------
    As in public copies of the program of Wu et al., "MTU-Net", IEEE TGRS 2023.
    """
    # Squeezed away from 0 and 1, where the power below would have an infinite slope.
    squeezed_miss = 0.999 * (miss_probability(logits, mask) - 0.5) + 0.5
    q = torch.where(mask > 0.5, 1 - squeezed_miss, squeezed_miss)
    iou = _smoothed_iou(q, mask, SMOOTH)
    hard = squeezed_miss**2 * -torch.log1p(-squeezed_miss)
    weight = torch.where(mask > 0.5, 0.75, 0.25)
    return (weight * (1 - iou) * hard ** ((1 + iou) / 2)).sum()


def _smoothed_iou(p: Tensor, mask: Tensor, smooth: float) -> Tensor:
    overlap = (p * mask).sum()
    return (overlap + smooth) / (p.sum() + mask.sum() - overlap + smooth)


# --- The named losses of Table VIII --------------------------------------------------------------------------


class Loss(nn.Module):
    """A sum of named terms.

    Parameters
    ----------
    name : str
        As given to `build`.
    terms : dict of str to callable
        Each maps (logits, mask) to a scalar.

    Notes
    -----
    `loss(logits, mask)` is the sum of `loss.terms(logits, mask)`. Shapes (B, 1, H, W), (B, 1, H, W) -> ().
    A list of logits (deep supervision) gives the mean over the list. Under autocast the sums stay in float32.

    Raises
    ------
    InputError
        If the shapes of logits and mask differ; the message gives both.
    """

    def __init__(self, name: str, terms: dict[str, Callable[[Tensor, Tensor], Tensor]]):
        super().__init__()
        self.name = name
        self._terms = terms

    def terms(self, logits: Tensor | list[Tensor], mask: Tensor) -> dict[str, Tensor]:
        """The value of each term, by name."""
        if isinstance(logits, list | tuple):
            passes = [self.terms(one, mask) for one in logits]
            return {term: torch.stack([one[term] for one in passes]).mean() for term in self._terms}
        if logits.shape != mask.shape:
            raise InputError(
                f"logits of shape {tuple(logits.shape)} and mask of shape {tuple(mask.shape)} differ."
            )
        with torch.autocast(logits.device.type, enabled=False):
            logits, mask = logits.float(), mask.float()
            return {term: rule(logits, mask) for term, rule in self._terms.items()}

    def forward(self, logits: Tensor | list[Tensor], mask: Tensor) -> Tensor:
        return torch.stack(list(self.terms(logits, mask).values())).sum()


def _mean_poly(alpha: float):
    return lambda logits, mask: poly1(logits, mask, alpha).mean()


def _top_k(k: float, form: Form):
    return lambda logits, mask: largest_mean(cross_entropy(logits, mask), k, form)


def _poly_inside_top_k(alpha: float, k: float):
    return lambda logits, mask: largest_mean(poly1(logits, mask, alpha), k)


def _soft_iou() -> dict:
    return {"soft-iou": soft_iou}


def _dice() -> dict:
    return {"dice": dice}


def _dice_focal() -> dict:
    return {"dice": dice, "focal": lambda logits, mask: focal(logits, mask).mean()}


def _focal_iou() -> dict:
    return {"focal-iou": focal_iou}


def _top_k_alone(form: Form = "release", k: float = TOP_PER_CENT) -> dict:
    return {"top-k": _top_k(k, form)}


def _poly(alpha: float = ALPHA) -> dict:
    return {"poly": _mean_poly(alpha)}


def _poly_top_k(form: Form = "release", alpha: float = ALPHA, k: float = TOP_PER_CENT) -> dict:
    if form == "release":
        return {"poly+top-k": _poly_inside_top_k(alpha, k)}
    return {"poly": _mean_poly(alpha), "top-k": _top_k(k, form)}


def _dice_top_k(form: Form = "release", k: float = TOP_PER_CENT) -> dict:
    return {"dice": dice, "top-k": _top_k(k, form)}


def _dpt_k(form: Form = "release", alpha: float = ALPHA, k: float = TOP_PER_CENT) -> dict:
    return {"dice": dice, **_poly_top_k(form, alpha, k)}  # Eq. (10)


LOSSES: dict[str, Callable[..., dict]] = {
    "soft-iou": _soft_iou,
    "dice": _dice,
    "dice+focal": _dice_focal,
    "focal-iou": _focal_iou,
    "top-k": _top_k_alone,
    "poly": _poly,
    "poly+top-k": _poly_top_k,
    "dice+top-k": _dice_top_k,
    "dpt-k": _dpt_k,
}


def names() -> list[str]:
    """The names that `build` knows: the rows of Table VIII."""
    return list(LOSSES)


def build(name: str, **settings) -> Loss:
    """Make a loss by name.

    Parameters
    ----------
    name : str
        "soft-iou", "dice", "dice+focal", "focal-iou", "top-k", "poly", "poly+top-k", "dice+top-k" or "dpt-k".
    form : {"release", "paper"}, default "release"
        For the losses with Top-k. They are different functions: the paper *adds* Poly and Top-k and divides
        Top-k by all pixels; the release puts Poly *inside* Top-k and takes the mean of those kept. The
        published numbers came from the release.
    alpha : float, default 3.1
        α of Poly-1, for the losses with Poly; at 0 or above.
    k : float, default 10
        Per cent of the batch's pixels that Top-k keeps, in (0, 100].

    Returns
    -------
    Loss

    Raises
    ------
    InputError
        For an unknown name, a setting that this loss does not have, or a value outside its range.

    References
    ----------
    Paper, Eq. (7)-(10) and Table VIII.

    Examples
    --------
    >>> import torch
    >>> logits, mask = torch.zeros(1, 1, 4, 4), torch.eye(4).reshape(1, 1, 4, 4)
    >>> loss = build("dpt-k")
    >>> {term: round(value.item(), 3) for term, value in loss.terms(logits, mask).items()}
    {'dice': 0.615, 'poly+top-k': 2.243}
    >>> round(loss(logits, mask).item(), 3)
    2.859
    """
    if name not in LOSSES:
        raise InputError(f"unknown loss {name!r}; choose one of {', '.join(LOSSES)}.")
    known = LOSSES[name].__code__.co_varnames[: LOSSES[name].__code__.co_argcount]
    for setting in settings:
        if setting not in known:
            raise InputError(
                f"loss {name!r} has no setting {setting!r}; it has {', '.join(known) or 'none'}."
            )
    if settings.get("form", "release") not in get_args(Form):
        raise InputError(f"form = {settings['form']!r}: choose one of {', '.join(get_args(Form))}.")
    if not 0 < settings.get("k", TOP_PER_CENT) <= 100:
        raise InputError(f"k = {settings['k']!r}: a per cent of the pixels, above 0 and at most 100.")
    if not 0 <= settings.get("alpha", ALPHA) < float("inf"):
        raise InputError(f"alpha = {settings['alpha']!r}: needs a finite number of at least 0.")
    return Loss(name, LOSSES[name](**settings))
