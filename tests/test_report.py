"""Tables made from results."""

import numpy as np
import pandas as pd
import pytest

from rrca import metrics, report


def test_protocols_stand_one_below_the_other_with_the_counts_behind_their_figures():
    mask = np.zeros((100, 100), bool)
    mask[20:23, 20:23] = True
    scores = mask * 0.9
    scores[50:53, 50:53] = scores[70, 70:74] = 0.9
    judged = {name: metrics.summarise(metrics.count(scores, mask, name), name) for name in metrics.PROTOCOLS}
    table = report.by_protocol(judged)
    assert list(table.index) == list(metrics.PROTOCOLS)
    # 13 false pixels of 10 000; by area, the 9 of them that are as many as the hit's vanish
    assert table.loc["exact", "Fa, 1e-6"] == 1300 and table.loc["dnanet", "Fa, 1e-6"] == 400
    assert table.loc["exact", "IoU, %"] == pytest.approx(100 * 9 / 22, abs=0.005)
    assert (table.loc["exact", "found"], table.loc["exact", "targets"]) == (1, 1)
    assert table.loc["exact", "false components"] == 2 and table.loc["exact", "false pixels"] == 13
    assert np.isnan(table.loc["shooting", "hIoU, %"])
    assert table.loc["shooting", "false components"] is pd.NA
