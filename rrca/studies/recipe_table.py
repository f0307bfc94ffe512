"""Two recipes side by side: the fields in which they differ, and what each is for."""

from dataclasses import fields

import pandas as pd

from rrca.train import Recipe

PURPOSE = {  # at most 50 characters: a table in a notebook cuts what is longer
    "data": "which frames",
    "network": "what is trained",
    "settings": "the frame once, or the same one in three channels",
    "channels": "grey by luminance, or colour as stored",
    "normalise": "mean and spread of these frames, or of ImageNet",
    "loss": "what is made small",
    "loss_settings": "α and k",
    "augment": "what is done to a frame first",
    "augment_settings": "how much of it",
    "crop": "px a side; half the side is a quarter of the work",
    "batch": "crops in one step",
    "steps": "how often the weights change",
    "optimiser": "how a gradient becomes a step",
    "rate": "how far a step goes, at the start",
    "schedule": "how far it goes at the end",
    "average": "judge a mean of late weights, or the last ones",
    "precision": "bits in a convolution: less time, less exact",
    "fast": "the same values up to rounding, in less time",
    "sync_norms": "norm statistics over several GPUs",
    "select": "who chooses the weights that are kept",
    "judge": "steps from one look at the list to the next",
}


def differences(**recipes: Recipe) -> pd.DataFrame:
    """The fields in which recipes differ, generated from the records themselves.

    Parameters
    ----------
    **recipes : Recipe
        By the column's title.

    Returns
    -------
    DataFrame
        One row a field, but for `name` and `seed`; one column a recipe, and what the field is for.

    Examples
    --------
    >>> from rrca import train
    >>> table = differences(a=train.recipe("cpu"), b=train.recipe("cpu", batch=8))
    >>> list(table.index), list(table.loc["batch"])[:2]
    (['batch'], [4, 8])
    """
    rows = {}
    for field in fields(Recipe):
        values = {title: getattr(recipe, field.name) for title, recipe in recipes.items()}
        first, *others = values.values()
        if field.name not in ("name", "seed") and any(value != first for value in others):
            rows[field.name] = {**values, "what it decides": PURPOSE.get(field.name, "")}
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
