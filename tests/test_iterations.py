"""The series of networks that differ in n alone."""

import json

import numpy as np
import pytest

from rrca import checkpoint
from rrca.errors import InputError
from rrca.studies import iterations


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Cards of made weights in a folder of their own."""
    recipe = iterations.card(checkpoint.DEFAULT)["recipe"]

    def put(name, n=None, **changes):
        settings = {"in_channels": 1} | ({} if n is None else {"iterations": n})
        card = {"name": name, "network": "rrcanet-resnet18", "settings": settings, "channels": "grey"}
        card |= {"normalisation": {}, "recipe": recipe | {"settings": settings} | changes}
        (tmp_path / f"{name}.json").write_text(json.dumps(card))
        (tmp_path / f"{name}.safetensors").touch()

    monkeypatch.setattr(checkpoint, "weights_folder", lambda: tmp_path)
    put("rrcanet-resnet18")
    return put


def test_a_series_is_in_the_order_of_n_and_leaves_other_weights_alone(folder):
    for n in (3, 1, 0, 2):
        folder(f"rrcanet-resnet18_n{n}", n)
    folder("rrcanet-resnet18_nuaa", 1)
    folder("rrcanet-resnet10")
    assert iterations.series() == {
        0: "rrcanet-resnet18_n0",
        1: "rrcanet-resnet18_n1",
        2: "rrcanet-resnet18_n2",
        3: "rrcanet-resnet18_n3",
    }


def test_weights_of_another_recipe_do_not_belong_to_it(folder):
    folder("rrcanet-resnet18_n0", 0)
    folder("rrcanet-resnet18_n1", 1, steps=500)
    with pytest.raises(InputError, match="rrcanet-resnet18_n1 were trained by another recipe"):
        iterations.series()


def test_a_name_without_a_series_is_refused(folder):
    with pytest.raises(InputError, match="no weights rrcanet-resnet18_n0"):
        iterations.series()


def test_table_iv_is_the_papers_and_the_cards():
    table = iterations.table_iv(iterations.series())
    assert table["paper IoU"].tolist() == [73.54, 74.41, 75.41, 72.62]
    metrics = iterations.card("rrcanet-resnet18_n2")["metrics"]
    assert table.loc[2, "dnanet IoU"] == pytest.approx(100 * metrics["dnanet"]["iou"])
    assert table.loc[2, "exact Fa"] == pytest.approx(1e6 * metrics["exact"]["fa"])
    assert table["GMAC"].round(2).tolist() == [0.8, 1.51, 2.22, 2.93]
    alone = iterations.table_iv({2: "rrcanet-resnet18_n2"})
    assert np.isnan(alone.loc[[0, 1, 3], "exact IoU"]).all() and len(alone) == 4


@pytest.mark.parametrize(
    ("first", "second", "probability"),
    [(0, 0, 1), (1, 0, 1), (4, 0, 0.125), (5, 0, 0.0625), (8, 2, 112 / 1024), (3, 3, 1), (3, 4, 1)],
)
def test_sign_test_counted_by_hand(first, second, probability):
    assert iterations.sign_test(first, second) == pytest.approx(probability)
    assert iterations.sign_test(second, first) == pytest.approx(probability)


def test_pairs_of_three_networks():
    found = {
        0: np.array([1, 1, 0, 0, 1, 1, 1, 1, 1, 1], bool),
        1: np.array([1, 1, 1, 0, 0, 1, 1, 1, 1, 1], bool),
        3: np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1], bool),
    }
    table = iterations.pairs(found)
    assert list(table.index) == ["n = 0 and 1", "n = 0 and 3", "n = 1 and 3"]
    assert table.loc["n = 0 and 1"].tolist() == pytest.approx([1, 1, 1, 0.4, 1])
    assert table.loc["n = 1 and 3"].tolist() == pytest.approx([3, 1, 1, 0.8, 0.625])
