"""`check` finds every fault that was put into a set, and the known ones of the real sets."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from rrca import data
from rrca.data import lists
from rrca.errors import InputError

NAME = "IRSTD-1k"
TRAIN, VAL, TEST = (lists.ids(NAME, split) for split in ("train", "val", "test"))


def frame(seed):
    """24×28 px of noise: no two seeds resemble each other."""
    return np.random.default_rng(seed).integers(0, 256, (24, 28), dtype=np.uint8)


def mask():
    out = np.zeros((24, 28), np.uint8)
    out[3:5, 4:6] = out[10:12, 20:22] = 255
    return out


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A set without a fault: IRSTD-1k by ID, with pictures made here."""
    root = tmp_path_factory.mktemp("clean")
    for place in ("images", "masks"):
        (root / NAME / place).mkdir(parents=True)
    for seed, id in enumerate([*TRAIN, *VAL, *TEST]):
        Image.fromarray(frame(seed)).save(root / NAME / f"images/{id}.png")
        Image.fromarray(mask()).save(root / NAME / f"masks/{id}.png")
    return root


@pytest.fixture
def faulty(clean, tmp_path):
    """A copy of it to spoil: a function that writes a file, or removes it."""
    for path in sorted((clean / NAME).rglob("*.png")):
        copy = tmp_path / path.relative_to(clean)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.hardlink_to(path)

    def spoil(place, content=None):
        path = tmp_path / NAME / place
        path.unlink(missing_ok=True)  # before writing: the link must not reach the clean set
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, str):
            path.write_text(content)
        elif content is not None:
            Image.fromarray(content).save(path)

    spoil.root = tmp_path
    return spoil


def found(root, kind):
    """Severity and IDs of the findings of a kind."""
    return [(finding.severity, finding.ids) for finding in data.check(NAME, root).of(kind)]


def test_a_clean_set_has_no_finding(clean):
    report = data.check(NAME, clean)
    assert (report.name, report.frames, report.targets, report.errors, report.findings) == (
        NAME,
        1001,
        2002,
        0,
        (),
    )
    assert str(report) == f"{NAME} in {clean / NAME}: 1001 frames, 2002 targets, 0 errors"


def test_faults_of_single_files_are_found(faulty):
    empty, grey, small, odd, broken, gone, bare = TRAIN[:7]
    faulty(f"masks/{empty}.png", np.zeros((24, 28), np.uint8))
    faulty(f"masks/{grey}.png", np.where(mask() > 0, np.uint8(200), np.uint8(0)))
    faulty(f"masks/{small}.png", mask()[:, 1:])
    faulty(f"images/{odd}.png", np.random.default_rng(1).integers(0, 256, (24, 28, 3), dtype=np.uint8))
    faulty(f"images/{broken}.png", "no image")
    faulty(f"images/{gone}.png")
    faulty(f"masks/{bare}.png")
    faulty("images/stray.png", frame(2000))
    faulty("masks/stray.png", mask())
    report = data.check(NAME, faulty.root)
    got = {(finding.severity, finding.kind, finding.ids) for finding in report.findings}
    assert got == {
        ("error", "unreadable", (broken,)),
        ("error", "size", (small,)),
        ("error", "missing", (gone, bare)),
        ("warning", "grey mask", (grey,)),
        ("note", "empty mask", (empty,)),
        ("note", "odd frame", (odd,)),
        ("note", "unlisted", ("stray",)),
    }
    assert report.errors == 3
    (size,) = report.of("size")
    assert "27×24" in size.text and "28×24" in size.text
    lines = str(report).splitlines()
    assert len(lines) == 8 and "3 errors" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["error"] * 3 + ["warning"] + ["note"] * 3


def test_equal_pictures_are_an_error_across_lists_and_a_note_within_one(faulty):
    faulty(f"images/{TEST[0]}.png", frame(0))  # TRAIN[0]'s
    faulty(f"images/{TRAIN[5]}.png", frame(6))  # TRAIN[6]'s
    faulty(f"images/{VAL[1]}.png", np.full((24, 28), 7, np.uint8))
    faulty(f"images/{TRAIN[1]}.png", np.full((24, 28), 7, np.uint8))  # constant: no correlation, but equal
    assert Counter(found(faulty.root, "duplicate")) == Counter(
        [
            ("error", ((TEST[0], TRAIN[0]),)),
            ("error", ((VAL[1], TRAIN[1]),)),
            ("note", (tuple(sorted((TRAIN[5], TRAIN[6]))),)),
        ]
    )
    assert found(faulty.root, "near duplicate") == []


def test_nearly_equal_pictures_are_a_warning_across_lists(faulty):
    near = frame(0)
    near[3, 4] ^= 8  # one pixel a little different
    faulty(f"images/{TEST[0]}.png", near)
    faulty(f"images/{TEST[1]}.png", 255 - frame(0))  # a negative is another picture
    assert found(faulty.root, "near duplicate") == [("warning", ((TEST[0], TRAIN[0]),))]
    assert found(faulty.root, "duplicate") == []


def test_lists_beside_the_images_are_compared(faulty):
    everything = [*lists.ids(NAME, "trainval")]
    faulty("splits/train.txt", "\n".join(everything))  # the published list: nothing to say
    assert found(faulty.root, "list") == []
    faulty("splits/train.txt", "\n".join([*everything[1:], TEST[0], "absent"]))
    faulty("splits/test.txt", "\n".join(TEST))
    assert found(faulty.root, "list") == [
        ("error", ("absent",)),
        ("error", (TEST[0],)),
        ("warning", tuple(sorted((everything[0], TEST[0], "absent")))),
    ]


def test_pictures_of_another_set_are_found_whatever_their_id(faulty):
    for place, content in (("images", frame(0)), ("masks", mask())):
        (faulty.root / "NUDT-SIRST" / place).mkdir(parents=True)
        Image.fromarray(content).save(faulty.root / "NUDT-SIRST" / place / "000001.png")
    assert found(faulty.root, "other set") == [("warning", ((TRAIN[0], "000001"),))]


def test_a_folder_without_lists_is_checked_by_its_files(tmp_path):
    for place, ids in (("images", "ab"), ("masks", "a")):
        (tmp_path / "mine" / place).mkdir(parents=True)
        for id in ids:
            Image.fromarray(frame(3) if place == "images" else mask()).save(
                tmp_path / "mine" / place / f"{id}.png"
            )
    report = data.check("mine", tmp_path)
    assert [(finding.severity, finding.kind, finding.ids) for finding in report.findings] == [
        ("error", "missing", ("b",)),
        ("note", "duplicate", (("a", "b"),)),
    ]


def test_a_set_that_is_not_there_is_a_sentence(no_data):
    with pytest.raises(InputError, match="no data set NUAA-SIRST in"):
        data.check("NUAA-SIRST")


# --- the real sets --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reports(real_data):
    return {name: data.check(name, real_data) for name in ("NUAA-SIRST", "DenseSIRST", "NUDT-SIRST")}


@pytest.mark.slow
def test_real_sets_have_the_described_frames_targets_and_no_error(reports):
    assert {name: (r.frames, r.targets, r.errors) for name, r in reports.items()} == {
        "NUAA-SIRST": (427, 533, 0),
        "DenseSIRST": (1024, 13655, 0),
        "NUDT-SIRST": (1327, 1863, 0),
    }
    for report in reports.values():
        assert report.of("grey mask") == report.of("empty mask") == report.of("duplicate") == []
    colour = {name: len(report.of("odd frame")[0].ids) for name, report in reports.items()}
    assert colour == {"NUAA-SIRST": 159, "DenseSIRST": 7, "NUDT-SIRST": 7}


@pytest.mark.slow
def test_real_near_duplicates_across_lists_are_reported(reports):
    for name, report in reports.items():
        across = [
            pair
            for finding in report.of("near duplicate")
            if finding.severity == "warning"
            for pair in finding.ids
        ]
        assert sorted(across) == sorted(lists.near_duplicates(name))
    assert [len(lists.near_duplicates(name)) for name in reports] == [0, 6, 39]


@pytest.mark.slow
def test_real_leaks_are_reported(reports):
    (leak,) = reports["NUAA-SIRST"].of("leak")
    assert leak.text.startswith("44 of the 86 frames in the list idx_427_test")
    shared = [finding for finding in reports["NUAA-SIRST"].of("other set") if isinstance(finding.ids[0], str)]
    assert len(shared) == 1 and len(shared[0].ids) == 427
    assert "161 test frames" in shared[0].text and "54 training frames" in shared[0].text
    pictures = [f for f in reports["NUAA-SIRST"].of("other set") if not isinstance(f.ids[0], str)]
    assert pictures and all(
        one == two for finding in pictures for one, two in finding.ids
    )  # under the same ID
    assert reports["NUDT-SIRST"].of("other set") == []


@pytest.mark.slow
def test_misc_111_is_reported_with_its_mask(reports):
    (finding,) = reports["NUAA-SIRST"].of("resized mask")
    assert finding.severity == "note" and finding.ids == ("Misc_111",) and "35 px" in finding.text
