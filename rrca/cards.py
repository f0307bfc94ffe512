"""What a card says to whoever gets the weights: what they are for, on whose terms, and how well they do."""

import textwrap
from collections.abc import Mapping
from typing import Any

INTENDED_USE = (
    "Teaching and research: finding targets of a few to some hundred pixels in single infrared frames like those of "
    "the data set named here. Not for decisions about people, property or safety; what was not measured here (other "
    "sensors, wavelengths, targets, clutter) is not known."
)
LICENCE = "MIT, as far as the weights are ours to license; see the data's terms."
NO_LICENCE = "No licence is stated for the images, which are published for research"
DATA_TERMS = {  # as found in the public repositories and archives; each data/NAME/README.md has the details
    "NUAA-SIRST": f'{NO_LICENCE}; cite Y. Dai et al., "Asymmetric Contextual Modulation for Infrared Small Target '
    'Detection", WACV 2021.',
    "IRSTD-1k": f'{NO_LICENCE}; cite M. Zhang et al., "ISNet: Shape Matters for Infrared Small Target Detection", '
    "CVPR 2022.",
    "DenseSIRST": f'{NO_LICENCE}; cite M. Xiao et al., "Background Semantics Matter", arXiv 2407.20078, 2024.',
    "NUDT-SIRST": f"{NO_LICENCE} with a program under the MIT licence; cite B. Li et al., "
    '"Dense Nested Attention Network for Infrared Small Target Detection", IEEE TIP 2023.',
    "synthetic": "None: scenes made by rrca.data.scenes.",
}
WIDTH = 100  # characters of a printed card
UNKNOWN = "not recorded"


def terms(data: str) -> dict[str, str]:
    """What a card says of use and rights.

    Parameters
    ----------
    data : str
        The data set that the weights were fitted to.

    Returns
    -------
    dict
        "intended_use", "licence" and "data_terms".

    Examples
    --------
    >>> terms("synthetic")["data_terms"]
    'None: scenes made by rrca.data.scenes.'
    """
    known = DATA_TERMS.get(data, f"{UNKNOWN}; ask those who made {data}.")
    return {"intended_use": INTENDED_USE, "licence": LICENCE, "data_terms": known}


def page(card: Mapping[str, Any]) -> str:
    """A card as text for a terminal.

    Parameters
    ----------
    card : mapping
        `rrca.load(…)[1]` or `rrca.checkpoint.card(…)`; what an old one lacks is "not recorded".

    Returns
    -------
    str
        Of 100 characters a line.
    """
    return "\n".join([card["name"], "", *_origin(card), "", *_figures(card), "", *_rights(card)])


def _origin(card: Mapping[str, Any]) -> list[str]:
    """What it is and how it was made."""
    recipe, versions = card.get("recipe", {}), card.get("versions", {})
    settings = ", ".join(f"{name} = {value}" for name, value in card["settings"].items())
    mean, std = (" ".join(f"{value:.4g}" for value in card["normalisation"][key]) for key in ("mean", "std"))
    made = "{name}: {steps} steps of {batch} crops of {crop}², {loss}, {optimiser}, {schedule} rate {rate}, {precision}"
    if "precision" in card:  # what the machine did, which need not be what the recipe asked for
        recipe = recipe | {"precision": card["precision"]}
    minutes = f"{card['minutes']:.0f} minutes" if "minutes" in card else UNKNOWN
    return [
        *_entry("network", f"{card['network']}, {settings or 'no override'}"),
        *_entry("frames", f"{card['channels']}, normalised by mean {mean} and deviation {std}"),
        *_entry("fitted to", f"the {card['split']} list of {card['data']}" if "data" in card else UNKNOWN),
        *_entry("recipe", made.format_map(recipe) if recipe else card.get("origin", UNKNOWN)),
        *_entry(
            "kept", f"step {card.get('kept_step', UNKNOWN)}, chosen on {card.get('selected_on', UNKNOWN)}"
        ),
        *_entry("seed", card.get("seed", UNKNOWN)),
        *_entry("trained", f"{minutes} on {card.get('hardware', UNKNOWN)}"),
        *_entry("versions", ", ".join(f"{name} {version}" for name, version in versions.items()) or UNKNOWN),
        *_entry("commit", card.get("commit") or UNKNOWN),
    ]


def _figures(card: Mapping[str, Any]) -> list[str]:
    """Both levels under every protocol, and what there is of false-alarm rates."""
    lines = []
    if "metrics" in card:
        lines += _entry(
            "judged on", f"the {card.get('judged_on', 'test')} list of {card['data']}, score above 0.5"
        )
        row = "{:<14} {:>6} {:>6} {:>6} {:>9} {:>6} = {:>12} × {:>12}"
        names = ("IoU %", "nIoU %", "Pd %", "Fa 1e-6", "hIoU %", "localisation", "segmentation")
        lines.append(row.format("  protocol", *names))
        for protocol, found in card["metrics"].items():
            shown = [found[name] for name in ("iou", "niou", "pd", "fa", "hiou", "loc_iou", "seg_iou")]
            scaled = [value * (1e6 if i == 3 else 100) for i, value in enumerate(shown)]
            lines.append(row.format(f"  {protocol}", *(f"{value:.2f}" for value in scaled)))
    known = card.get("validation")
    rates = (
        f"thresholds for rates from {1 / known['pixels']:.1e} on, by {known['frames']} frames of the {known['list']} "
        f"list of {known['data']} (rrca detect --fa)"
        if known
        else "none known: no scores of a validation part that the weights were not fitted to"
    )
    return [*lines, *_entry("Fa asked for", rates)]


def _rights(card: Mapping[str, Any]) -> list[str]:
    named = {"intended use": "intended_use", "licence": "licence", "data terms": "data_terms"}
    return [line for title, key in named.items() for line in _entry(title, card.get(key, UNKNOWN))]


def _entry(title: str, value) -> list[str]:
    """A title and its text, wrapped beside it."""
    indent = " " * 16
    return textwrap.wrap(f"  {title:<14}{value}", WIDTH, subsequent_indent=indent)
