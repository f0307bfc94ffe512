"""Tables "paper | ours", made from cards and results; never typed."""

import textwrap

import pandas as pd

from rrca import paper

# IoU and Pd in per cent, Fa in 1e-6, by (network as `rrca.build` knows it, data set).
TABLE_I = {
    (paper.REGISTERED[row.name], row.data): row.figures
    for row in paper.table("I")
    if row.name in paper.REGISTERED
}


def paper_and_ours(card: dict) -> pd.DataFrame:
    """The paper's row of Table I beside what shipped weights reach on the same test list.

    Parameters
    ----------
    card : dict
        Of weights judged on a test list (`rrca.load(...)[1]`).

    Returns
    -------
    DataFrame
        One row per figure (IoU and Pd in per cent, Fa in 1e-6), one column for the paper and one per
        protocol on the card. The paper's own protocol is "dnanet" on NUAA-SIRST and IRSTD-1k, and
        "rrcanet-dense" on DenseSIRST; the others answer other questions.
    """
    rows = ["IoU, %", "Pd, %", "Fa, 1e-6"]
    columns = {"paper, Table I": TABLE_I.get((card["network"], card["data"]), (None,) * 3)}
    for protocol, result in card["metrics"].items():
        columns[f"ours, {protocol}"] = (100 * result["iou"], 100 * result["pd"], 1e6 * result["fa"])
    return pd.DataFrame(columns, index=rows).round(2)


def origin(card: dict) -> str:
    """One sentence on where weights come from: data, list, steps, selection, seed, machine; wrapped to a page."""
    recipe = card["recipe"]
    return textwrap.fill(
        f"{card['network']} with {recipe['settings'].get('in_channels', 3)} input channel(s), fitted to the "
        f"{card['split']} list of {card['data']} for {recipe['steps']} steps of "
        f"{recipe['batch']} crops of {recipe['crop']}² "
        f"(recipe '{recipe['name']}', seed {card['seed']}, weights chosen on {card['selected_on']}), "
        f"{card['minutes']:.0f} minutes on {card['hardware']}.",
        width=90,
    )
