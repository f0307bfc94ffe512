"""The folded solutions of notebook 07, as printed, are correct; its text says what the code does."""

import json

import lesson

from rrca import checks, compare, paper
from rrca.studies import backbones


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(" ".join(cell["source"] for cell in lesson.cells(7)).split())


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(7)
    assert lesson.voices(
        checks.one_more_block(answers["added"]),
        checks.work_of_a_block(answers["work"]),
        checks.receptive_field(answers["field"]),
    ) == {"correct"}


def test_the_words_on_costs_are_the_counts():
    answers = lesson.solve(7)
    assert answers["added"](2, 3) == 100 and round(answers["added"](64, 3) / answers["added"](8, 3)) == 59
    params, macs = (backbones.by_level(column).sum(axis=1) for column in ("params", "macs"))
    assert params.tolist() == [102_649, 202_249, 363_321]
    assert [round(table["ResNet-34"] / table["ResNet-18"], 1) for table in (params, macs)] == [1.8, 1.8]
    assert "102 649 → 202 249" in text() and "1.8 times the work" in text()


def test_the_words_on_fields_and_targets_are_so():
    assert backbones.fields()["level 3"].tolist() == [76, 136, 252] and "76, 136 and 252 pixels" in text()
    assert backbones.printed().loc[paper.NUAA, "targets"].tolist() == [253, 258, 255]
    assert "253, 258 and 255 of 263" in text()


def test_the_words_on_the_race_are_what_was_measured():
    race = numbers("07_race")
    losses = [race[name]["last loss"] for name in paper.OURS]
    assert losses == sorted(losses) and race["RRCA-Net, ResNet-18"]["Pd / %"] == 0
    made = [int(race["equal work"] / race[name]["GMAC a step"] + 1e-6) for name in paper.OURS]
    assert made == [25, 14, 8] and "have made 14 and 8" in text()
    works = [race[name]["GMAC a step"] / race[paper.OURS[0]]["GMAC a step"] for name in paper.OURS]
    assert [round(work, 1) for work in works] == [1, 1.7, 3.1]


def test_the_text_claims_no_result_of_runs_that_are_not_there():
    assert "`rrca sweep --table I`" in text() and "not run yet when this is written" in text()
    assert set(paper.OURS) <= set(compare.collect("I").experiments)
