"""The batches of a training, each a pure function of seed and step: any of them can be made again, or its IDs named."""

import numpy as np
from torch import Tensor

from rrca.data.crops import PIPELINES, cut
from rrca.data.normalisation import Normalisation
from rrca.data.store import PixelStore
from rrca.recipes import Recipe

ORDER, CROPS = 1, 2  # separate streams of one seed; the initial weights have a third, torch's own


class Sampler:
    """Which frames a step sees: the list in a new order each pass, what does not fill a batch left out.

    Parameters
    ----------
    frames : int
        In the list.
    batch : int
        Frames a step; a list that is shorter is one batch.
    seed : int
        Of the orders.

    Examples
    --------
    >>> sampler = Sampler(frames=7, batch=3, seed=0)
    >>> [sampler.position(step) for step in (1, 2, 3)]
    [(0, 0), (0, 3), (1, 0)]
    >>> sampler.indices(3).tolist() == Sampler(7, 3, 0).indices(3).tolist()
    True
    """

    def __init__(self, frames: int, batch: int, seed: int):
        self.frames, self.batch, self.seed = frames, min(batch, frames), seed

    def position(self, step: int) -> tuple[int, int]:
        """Pass over the list (from 0) and place in its order at which step 1, 2, … begins."""
        passes, batches = divmod(step - 1, self.frames // self.batch)
        return passes, batches * self.batch

    def indices(self, step: int) -> np.ndarray:
        """Places in the list of a step's frames, int array of shape (batch,)."""
        turn, first = self.position(step)
        order = np.random.default_rng([self.seed, ORDER, turn]).permutation(self.frames)
        return order[first : first + self.batch]


class Batches:
    """A recipe's crops of a data set, by step.

    Parameters
    ----------
    recipe : Recipe
        Its seed, batch, crop and pipeline.
    store : PixelStore
        The frames; crops are made on its device.
    normalise : Normalisation
    part : slice, optional
        This device's part of each batch, where several share it.
    """

    def __init__(
        self, recipe: Recipe, store: PixelStore, normalise: Normalisation, part: slice = slice(None)
    ):
        self.recipe, self.store, self.normalise, self.part = recipe, store, normalise, part
        self.sampler = Sampler(len(store), recipe.batch, recipe.seed)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Step 1, 2, …: (B, C, crop, crop) and (B, 1, crop, crop)."""
        recipe = self.recipe
        rng = np.random.default_rng([recipe.seed, CROPS, step])
        draw = PIPELINES[recipe.augment](
            rng, self.store, self.sampler.indices(step), recipe.crop, **recipe.augment_settings
        )
        return cut(self.store, draw, self.normalise, self.part)

    def ids(self, step: int) -> list[str]:
        """IDs of the frames that a step sees."""
        return [self.store.ids[i] for i in self.sampler.indices(step)]
