"""Measuring targets: fates under a resize by hand, the kept figures made again."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rrca import data, paper
from rrca.data import survey
from rrca.errors import InputError
from rrca.evaluation import squash
from rrca.metrics import components


def drawn(picture):
    return np.array([[cell == "#" for cell in row.split()] for row in picture.strip().splitlines()])


@pytest.mark.parametrize(
    ("picture", "shape", "expected"),
    [
        # at half the size, rows and columns 1, 3, 5, … are sampled
        ("# .\n. .", (1, 1), (1, 0, 1, 0, 0)),
        (". .\n. #", (1, 1), (1, 1, 0, 0, 0)),
        (". . . .\n# # . #\n. . . .\n. . . .", (2, 2), (2, 1, 0, 1, 0)),
        # an arch whose bridge is not sampled falls apart
        ("# # # # # #\n. # . . . #\n. # . . . #\n. # . . . #", (2, 3), (1, 2, 0, 0, 1)),
        (". .\n. .", (1, 1), (0, 0, 0, 0, 0)),
    ],
)
def test_fates_by_hand(picture, shape, expected):
    assert tuple(survey.fates(drawn(picture), shape).values()) == expected


@given(arrays(bool, (12, 17)), st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_fates_add_up(mask, shape):
    fate = survey.fates(mask, shape)
    assert fate["left"] == fate["count"] - fate["vanished"] - fate["merged"] + fate["split"]
    assert fate["left"] == len(components(survey.shrink(mask, shape)))
    assert min(fate.values()) >= 0


def test_nothing_happens_to_targets_at_their_own_size():
    mask = np.random.default_rng(0).random((40, 30)) > 0.8
    assert np.array_equal(survey.shrink(mask, (40, 30)), mask)
    fate = survey.fates(mask, (40, 30))
    assert fate["left"] == fate["count"] > 1 and fate["vanished"] == fate["merged"] == fate["split"] == 0


def test_shrink_is_the_resize_of_the_evaluation():
    mask = (np.random.default_rng(1).random((300, 417)) > 0.9).astype(np.uint8) * 255
    assert np.array_equal(survey.shrink(mask), squash(np.zeros(mask.shape, np.float32), mask, 256)[1])


def case():
    """Two frames: a 1×2 target and, 5 px right of it, a pixel; then one alone."""
    first, second = np.zeros((300, 40), bool), np.zeros((30, 50), bool)
    first[10, 4:6] = first[10, 10] = second[3, 3] = True
    image = np.random.default_rng(0).random
    return [
        SimpleNamespace(image=image(first.shape) + 5 * first, mask=first),
        SimpleNamespace(image=image(second.shape) + 9 * second, mask=second),
    ]


def test_what_is_measured_of_two_frames():
    measured = survey.measure(case())
    assert measured.area.tolist() == [2, 1, 1]
    assert measured.close.tolist() == [True, True, False]  # 5.5 px apart
    assert measured.count.tolist() == [2, 1] and measured.shape.tolist() == [[300, 40], [30, 50]]
    summary = survey.summarise(measured)
    assert (summary["frames"], summary["targets"], summary["close"]) == (2, 3, 2)
    assert summary["targets a frame"] == [0, 1, 1, 0]
    assert summary["width"] == [40, 50] and summary["height"] == [30, 300]
    assert summary["by long side"]["frames"] == [1, 1, 0, 0]
    assert summary["by long side"]["targets"] == [1, 2, 0, 0]
    assert summary["area"]["quantiles"][:: len(survey.PERCENTS) - 1] == [1, 2]
    assert survey.table({"a": summary}).loc["a", "targets a frame"] == 1.5


def test_two_parts_together_are_the_whole():
    one, two = ([frame] for frame in case())
    together, whole = survey.measure(one) + survey.measure(two), survey.measure(case())
    assert survey.summarise(together) == survey.summarise(whole)


def test_examples_go_from_the_weakest_single_target_to_the_strongest():
    scenes = [data.scenes.scene(1, targets=n, scr=scr) for n, scr in ((1, 9), (2, 1), (1, 3), (1, 6))]
    assert survey.measure(scenes).examples((0, 0.5, 1)) == [2, 3, 0]


def test_undefined_scr_is_counted_and_left_out():
    flat = np.zeros((30, 30))
    mask = np.zeros(flat.shape, bool)
    mask[5, 5] = True
    summary = survey.summarise(survey.measure([SimpleNamespace(image=flat + mask, mask=mask)]))
    assert summary["scr"] == {"mean": None, "quantiles": [], "undefined": 1}


def test_nothing_to_measure_and_nothing_kept_are_said(tmp_path):
    with pytest.raises(InputError, match="no frame to measure"):
        survey.measure([])
    with pytest.raises(InputError, match=r"absent\.json is not there"):
        survey.surveyed(tmp_path / "absent.json")


# --- kept figures -------------------------------------------------------------------------------------------


def test_kept_counts_are_the_known_ones():
    """Targets before and after 256×256, frames that lose, and close ones: counted before by another program."""
    kept = {name: lists["all"] for name, lists in survey.surveyed().items()}
    counts = {name: (s["frames"], s["targets"], s["at 256"]["left"]) for name, s in kept.items()}
    assert counts == {
        "NUAA-SIRST": (427, 533, 533),
        "DenseSIRST": (1024, 13655, 10313),
        "NUDT-SIRST": (1327, 1863, 1863),
    }
    dense = kept["DenseSIRST"]
    assert dense["at 256"]["frames that lose"] == 588 and dense["close"] == 8704
    assert kept["NUAA-SIRST"]["area"]["mean"] == 32.87


def test_kept_lists_add_up():
    for lists_of in survey.surveyed().values():
        train, test, both = lists_of["trainval"], lists_of["test"], lists_of["all"]
        for key in ("frames", "targets", "close"):
            assert train[key] + test[key] == both[key]
        for s in lists_of.values():
            fate = s["at 256"]
            assert fate["left"] == s["targets"] - fate["vanished"] - fate["merged"] + fate["split"]
            assert sum(s["by long side"]["left"]) == fate["left"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NUAA-SIRST", "DenseSIRST", "NUDT-SIRST"])
def test_kept_figures_are_made_again(name, real_data):
    assert survey.survey(name, real_data) == survey.surveyed()[name]


def test_write_keeps_what_surveyed_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(survey, "available", lambda root=None: ["NUAA-SIRST"])
    monkeypatch.setattr(survey, "open", lambda name, split, root=None: case())
    (path,) = survey.write(tmp_path / "new")
    kept = survey.surveyed(path)
    assert list(kept) == ["NUAA-SIRST"] and kept["NUAA-SIRST"]["all"]["targets"] == 6


def test_copies_are_compared_by_id_pixel_by_pixel(monkeypatch):
    def frames(*images):
        named = {id: data.Frame(id, image, image.astype(np.uint8)) for id, image in images}
        return data.FrameSet("any", "all", "grey", list(named), named.get)

    picture = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    changed = picture.copy()
    changed[:32, :32] += 0.5  # a quarter of its pixels
    sets = {
        "one": frames(("a", picture), ("b", picture), ("c", picture), ("only", picture)),
        "two": frames(("c", picture[:32]), ("b", changed), ("a", picture)),
    }
    monkeypatch.setattr(survey, "open", lambda name, split, root=None: sets[name])
    compared = survey.copies("one", "two")
    assert compared["same ID"] == 3 and compared["same size"] == 2 and compared["least equal"] == 75
    assert compared["found"] == 1  # a; b's layout is another, and so is c's


def test_all_of_nuaa_sirst_is_in_dense_sirst_and_the_rule_does_not_find_all():
    kept = survey.surveyed(survey.COPIES)
    assert (kept["same ID"], kept["same size"], kept["found"]) == (427, 427, 329)
    assert kept["least equal"] > 85


@pytest.mark.slow
def test_kept_copies_are_compared_again(real_data):
    assert survey.copies("NUAA-SIRST", "DenseSIRST", real_data) == survey.surveyed(survey.COPIES)


# --- printed figures ----------------------------------------------------------------------------------------


def test_the_papers_dense_sirst_was_judged_at_native_size():
    """17 of 19 printed Pd are whole numbers of the targets at native size; at 256×256 only 5 are."""
    printed = [row.pd for row in paper.table("I") if row.data == "DenseSIRST"]
    test = survey.surveyed()["DenseSIRST"]["test"]
    fitting = [sum(survey.fits(pd, n) for pd in printed) for n in (test["targets"], test["at 256"]["left"])]
    assert (len(printed), fitting) == (19, [17, 5])


@given(st.integers(1, 5000), st.integers(0, 5000))
def test_a_rounded_whole_number_of_targets_fits(targets, found):
    found = min(found, targets)
    assert survey.fits(round(100 * found / targets, 2), targets)
