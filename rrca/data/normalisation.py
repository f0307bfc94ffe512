"""From a frame in [0, 1] to what a network takes."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from rrca.errors import InputError


@dataclass(frozen=True)
class Normalisation:
    """(x − mean) / std per channel, with the frame's values in [0, 1].

    Parameters
    ----------
    mean, std : tuple of float
        One value per input channel of the network: (m,) for C_in = 1, (m, m, m) for C_in = 3. In units of
        the full range, so 0.485 is grey level 123.7 of 255.

    Raises
    ------
    InputError
        If the lengths differ or a standard deviation is not positive.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self):
        object.__setattr__(self, "mean", tuple(float(m) for m in self.mean))
        object.__setattr__(self, "std", tuple(float(s) for s in self.std))
        if len(self.mean) != len(self.std) or not self.mean or min(self.std) <= 0:
            raise InputError(
                f"normalisation mean {self.mean}, std {self.std}: needs one of each per channel, std above 0."
            )

    def __call__(self, image: np.ndarray) -> Tensor:
        """Normalise one frame, (H, W) or (H, W, 3) -> (C, H, W); a grey frame is repeated for each channel.

        Raises
        ------
        InputError
            For a colour frame where the network takes one channel.
        """
        x = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))
        C = len(self.mean)
        if x.ndim == 3 and x.shape[2] != C:
            raise InputError(
                f"a frame of {x.shape[2]} channels for a network of {C}; read it with channels='grey'."
            )
        x = x.expand(C, *x.shape) if x.ndim == 2 else x.permute(2, 0, 1)  # (C, H, W)
        mean, std = (torch.tensor(v).reshape(C, 1, 1) for v in (self.mean, self.std))
        return (x - mean) / std

    def as_dict(self) -> dict:
        """For a card."""
        return {key: list(value) for key, value in asdict(self).items()}


# The release's statistics for NUAA-SIRST and IRSTD-1k (ImageNet's, red, green, blue).
IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def measure(images, channels: int = 1) -> Normalisation:
    """Mean and standard deviation over all pixels of training frames, the same for every input channel.

    Parameters
    ----------
    images : iterable of ndarray, (H, W) or (H, W, 3), values in [0, 1]
        Frames of the *training* list; test frames have no say.
    channels : int, default 1
        C_in of the network.

    Returns
    -------
    Normalisation
    """
    pixels = total = squares = 0.0
    for image in images:
        x = np.asarray(image, dtype=np.float64)
        pixels, total, squares = pixels + x.size, total + x.sum(), squares + (x**2).sum()
    mean = total / pixels
    return Normalisation((mean,) * channels, (max(squares / pixels - mean**2, 1e-12) ** 0.5,) * channels)
