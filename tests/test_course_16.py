"""The folded solutions of notebook 16, as printed, are correct; its text says what the code does."""

import json

import lesson

import rrca
from rrca import checks, compare, paper
from rrca.studies import rivals


def numbers(name):
    return json.loads((lesson.REPOSITORY / "figures" / f"{name}.json").read_text())["numbers"]


def text():
    return " ".join(" ".join(cell["source"] for cell in lesson.cells(16)).split())


def test_solutions_are_correct_as_printed():
    answers = lesson.solve(16)
    assert lesson.voices(
        checks.branched_block(answers["block"]),
        checks.folded_norm(answers["fold"]),
        checks.sign_test(answers["least_p"]),
    ) == {"correct"}


def test_the_words_on_folding_are_the_counts():
    branched = rivals.build_all(["RepISD-Net"])["RepISD-Net"]
    folded = branched.convert("deployed")
    before, after = rrca.count(branched), rrca.count(folded)
    assert (before.params, after.params) == (558_530, 279_106)
    assert (round(before.macs / 1e9, 2), round(after.macs / 1e9, 2)) == (11.94, 6.4)
    assert "558 530" in text() and "279 106" in text() and "11.94 to 6.40 GMAC" in text()


def test_the_words_on_the_paths_are_what_was_read():
    paths = numbers("16_paths")
    assert {name for name, own in paths.items() if own["outputs"] > 1} == {"AMFU-net", "DNANet", "UIU-Net"}
    assert [paths[name]["outputs"] for name in ("UIU-Net", "AMFU-net", "DNANet")] == [7, 6, 4]
    assert paths["ACM"]["finest"] == 1 and paths["ACM"]["at full size / %"] == 0
    assert paths["LW-IRSTNet"]["finest"] == 0  # its last layer
    assert max(paths, key=lambda name: paths[name]["calls"]) == "UIU-Net"
    assert min(own["calls"] for own in paths.values()) == 36
    assert paths["ResUNet"]["skips"] == 4


def test_the_words_on_the_printed_counts_are_the_tables():
    table = rivals.printed()
    assert rivals.pairs_apart(table) == (20, 45) and "20 of 45 pairs; of the other 25" in text()
    inside = [name for name in numbers("16_printed")["inside"] if name in paper.RIVALS]
    assert {name: abs(table.targets[name] - 258) for name in inside} == {
        "RepISD-Net": 1,
        "AMFU-net": 2,
        "ResUNet": 3,
    }
    assert (table["pixels"].min(), table["pixels"].max()) == (96, 372)
    assert paper.row("I", "RIPT", paper.DENSE).pd == 72.93 and paper.row("I", "ACM", paper.DENSE).pd == 61.75


def test_the_words_on_the_race_are_what_was_measured():
    """The lightest leads at equal steps, ours lies on the plateau, and the lowest loss is not the best mask."""
    race = numbers("16_race")
    names = rivals.RACERS
    assert min(names, key=lambda name: race[name]["last loss"]) == "LW-IRSTNet"
    assert min(names, key=lambda name: race[name]["loss at equal work"] or 9) == "LW-IRSTNet"
    ours = race[rivals.OURS]
    assert abs(ours["last loss"] / race["plateau"] - 1) < 0.03 and ours["leaves"] is None
    assert int(race["equal work"] / ours["GMAC a step"]) == 5  # steps at the lightest one's work
    assert race["ResUNet"]["IoU / %"] > race["LW-IRSTNet"]["IoU / %"]


def test_the_text_claims_no_result_of_runs_that_are_not_there():
    """It says so once, with the command; and the table is made from lines, so it stays true when they come."""
    assert "`rrca sweep --table I`" in text() and "not run yet when this is written" in text()
    assert 'compare.table("I")' in text()
    assert set(compare.collect("I").experiments) == {*paper.RIVALS, *paper.OURS}
