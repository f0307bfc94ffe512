"""Cards: what they say of use, rights and origin, and that old ones still print."""

import json
import re

import pytest

import rrca
from rrca import cards, checkpoint
from rrca.__main__ import main
from rrca.data.layouts import NAMES


def folded(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", checkpoint.shipped())
def test_a_shipped_card_says_what_it_is_for_and_on_whose_terms(name):
    card = checkpoint.card(name)
    assert {key: card[key] for key in cards.terms(card["data"])} == cards.terms(card["data"])
    assert card["judged_on"] == "test" and {"hiou", "loc_iou", "seg_iou"} <= card["metrics"]["exact"].keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_terms_are_those_of_the_data_sets_readme(name):
    """The works to cite, letter by letter; and no licence is claimed where the README found none."""
    readme = folded((checkpoint.weights_folder().parent / name / "README.md").read_text(encoding="utf-8"))
    said = cards.terms(name)["data_terms"]
    cited = re.search(r"cite (.*)\.$", said).group(1)
    assert cited in readme and said.startswith("No licence is stated for the images")


def test_a_page_holds_every_figure_of_both_levels(capsys):
    assert main(["card", "rrcanet-resnet18"]) == 0
    page = capsys.readouterr().out
    card = checkpoint.card()
    for protocol, found in card["metrics"].items():
        (line,) = [line for line in page.splitlines() if line.split()[:1] == [protocol]]
        shown = [float(word) for word in line.split()[1:] if word not in "=×"]
        expected = [100 * found[name] for name in ("iou", "niou", "pd", "hiou", "loc_iou", "seg_iou")]
        expected.insert(3, 1e6 * found["fa"])
        assert shown == pytest.approx(expected, abs=0.005)
    assert folded(card["data_terms"]) in folded(page) and folded(card["intended_use"]) in folded(page)
    assert "commit        not recorded" in page and "none known: no scores of a validation part" in page
    assert max(map(len, page.splitlines())) <= cards.WIDTH


def test_the_card_as_it_is_stored(capsys):
    assert main(["card", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == checkpoint.card()


def test_a_card_of_the_least_and_one_of_the_most_print():
    least = {"name": "x", "network": "acm", "settings": {}, "channels": "rgb"}
    least["normalisation"] = {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1]}
    page = cards.page(least)
    assert page.count("not recorded") >= 8 and "mean 0.1 0.2 0.3" in page and "%" not in page
    validation = {"data": "NUAA-SIRST", "list": "val", "frames": 43, "pixels": 2_000_000}
    assert "rates from 5.0e-07 on, by 43 frames of the val list" in folded(
        cards.page(least | {"validation": validation, "commit": "abc"})
    )


def test_a_data_set_of_ones_own_is_not_given_terms():
    assert cards.terms("mine")["data_terms"].startswith("not recorded; ask those who made mine")


def test_a_card_that_is_not_there_gets_one_sentence(capsys):
    assert main(["card", "no-such-weights"]) == 2
    assert "unknown model 'no-such-weights'" in capsys.readouterr().err


def test_a_long_list_takes_one_line_of_the_file(tmp_path):
    model = rrca.build("rrcanet-resnet10", in_channels=1)
    card = checkpoint.card() | {"network": "rrcanet-resnet10", "note": "[1, 2] and [ 3 ]"}
    card["validation"] = {"thresholds": [0.25, 1e-7, 3.0], "false_pixels": [], "ids": ["1", "2"]}
    path = checkpoint.save(model, card, tmp_path / "mine.safetensors")
    assert checkpoint.card(path) == card
    assert '"thresholds": [0.25, 1e-07, 3.0]' in path.with_suffix(".json").read_text()
