"""Data sets: lists, layouts, frames, validation lists and near duplicates."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rrca import data
from rrca.data import holdout, layouts, lists, near
from rrca.data.scan import scan
from rrca.errors import InputError

SIZES = {  # trainval, test, val: the data sets' descriptions, and a fifth of the training list
    "NUAA-SIRST": (213, 214, 43),
    "IRSTD-1k": (800, 201, 160),
    "DenseSIRST": (768, 256, 154),
    "NUDT-SIRST": (663, 664, 133),
}
HERE = ("NUAA-SIRST", "DenseSIRST", "NUDT-SIRST")


def put(folder, names, values, size=(9, 7)):
    """Write one constant image a name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(names, values, strict=True):
        Image.fromarray(np.full(size, value, np.uint8)).save(folder / name)


# --- lists ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", data.NAMES)
def test_lists_are_disjoint_and_of_the_published_sizes(name):
    train, val, trainval, test = (
        set(lists.ids(name, split)) for split in ("train", "val", "trainval", "test")
    )
    assert (len(trainval), len(test), len(val)) == SIZES[name]
    assert train | val == trainval and not train & val and not trainval & test
    for split in lists.names(name):
        ids = lists.ids(name, split)
        assert len(ids) == len(set(ids)) > 0


def test_44_of_86_official_test_frames_are_training_frames():
    official = lists.ids("NUAA-SIRST", "idx_427_test")
    assert (len(official), len(set(official) & set(lists.ids("NUAA-SIRST", "trainval")))) == (86, 44)


def test_dense_sirst_holds_nuaa_sirst_across_its_lists():
    nuaa, dense = (
        {split: set(lists.ids(name, split)) for split in ("trainval", "test")}
        for name in ("NUAA-SIRST", "DenseSIRST")
    )
    assert nuaa["trainval"] | nuaa["test"] < dense["trainval"] | dense["test"]
    assert len(nuaa["test"] & dense["trainval"]) == 161
    assert len(nuaa["trainval"] & dense["test"]) == 54


def test_dense_sirst_lists_are_the_devkits_second_version():
    for ours, theirs in (("trainval", "devkit_trainval_v2"), ("test", "devkit_test_v2")):
        assert lists.ids("DenseSIRST", ours) == lists.ids("DenseSIRST", theirs)


def test_unknown_list_names_those_there_are():
    with pytest.raises(InputError, match=r"'dev'; it has .*idx_427_test.*train"):
        lists.ids("NUAA-SIRST", "dev")


@pytest.mark.parametrize("name", lists.REGISTRIES)
def test_registry_has_a_checksum_for_a_frame_and_a_mask_of_every_id(name):
    registry = lists.registry(name)
    assert all(checksum.startswith("sha256:") and len(checksum) == 71 for checksum in registry.values())
    stems = [Path(path).stem for path in registry]
    ids = [*lists.ids(name, "trainval"), *lists.ids(name, "test")]
    assert sorted(stems) == sorted([*ids, *(f"{id}_pixels0" for id in ids)])


def test_lists_equal_those_beside_the_real_frames(real_data):
    for name in data.NAMES:
        for path in sorted((real_data / name / "splits").glob("*.txt")):
            split = {"train": "trainval"}.get(path.stem, path.stem)
            assert lists.ids(name, split) == path.read_text().split(), path


# --- validation lists and near duplicates ---------------------------------------------------------------------


def test_choose_takes_the_share_and_parts_no_group():
    ids = [f"{place}_{number}" for place in ("sea", "sky") for number in range(50)]
    groups = [[0, 60, 61], [3, 4], [98, 99]]
    chosen = holdout.choose(ids, groups)
    assert len(chosen) == 20
    assert chosen == sorted(chosen, key=ids.index)  # in the list's order
    for group in groups:
        assert len({ids[position] in chosen for position in group}) == 1
    assert abs(sum(id.startswith("sea") for id in chosen) - 10) <= 2  # both places are represented
    assert set(holdout.choose(ids[::-1])) == set(holdout.choose(ids))  # the order of the list has no say


def test_shipped_validation_list_of_irstd_1k_is_chosen_by_id():
    assert lists.ids("IRSTD-1k", "val") == holdout.choose(lists.ids("IRSTD-1k", "trainval"))


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
def test_shipped_validation_list_is_made_again(name, real_data, tmp_path):
    ids = holdout.validation_ids(name, real_data)
    assert ids == lists.ids(name, "val")
    (tmp_path / name).mkdir()
    assert holdout.write(tmp_path, name, ids).read_bytes() == (lists.FOLDER / name / "val.txt").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "pairs"), [("NUAA-SIRST", 0), ("DenseSIRST", 6), ("NUDT-SIRST", 39)])
def test_near_duplicates_across_lists_are_the_known_pairs(name, pairs, real_data):
    files = layouts.locate(name, real_data)
    test, trained = (
        scan({id: files[id] for id in lists.ids(name, split)}, masks=False) for split in ("test", "trainval")
    )
    found = near.pairs(test.signatures, trained.signatures)
    ids = [(test.records[pair.first].id, trained.records[pair.second].id) for pair in found]
    assert len(ids) == pairs
    assert set(ids) == set(lists.near_duplicates(name))
    # the correlations, too, are those of the table that came with the data, to its last digit
    rows = (lists.FOLDER / name / "near_duplicates_test_vs_train.tsv").read_text().splitlines()[1:]
    table = {tuple(row.split("\t")[:2]): [float(value) for value in row.split("\t")[2:]] for row in rows}
    for pair, both in zip(found, ids, strict=True):
        assert pair.coarse == pytest.approx(table[both][0], abs=6e-6)
        assert pair.detail == pytest.approx(table[both][2], abs=6e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["DenseSIRST", "NUDT-SIRST"])
def test_near_duplicates_within_a_training_list_are_on_one_side(name, real_data):
    files = layouts.locate(name, real_data)
    trained = scan({id: files[id] for id in lists.ids(name, "trainval")}, masks=False)
    val = set(lists.ids(name, "val"))
    sides = [
        {trained.records[i].id in val for i in (first, second)}
        for first, second, *_ in near.pairs(trained.signatures)
    ]
    assert sides and all(len(side) == 1 for side in sides)
    assert {True} in sides and {False} in sides  # groups are not just all left to training


def picture(seed, size=(96, 128)):
    """Smooth clutter with details."""
    rng = np.random.default_rng(seed)
    smooth, details = (enlarged(rng.random(shape), size) for shape in ((6, 8), (48, 64)))
    return smooth + 0.1 * details


def enlarged(array, size):
    return np.array(Image.fromarray(array.astype(np.float32)).resize(size[::-1], Image.Resampling.BICUBIC))


def pairs_of(*images):
    return [pair[:2] for pair in near.pairs(near.signatures(images))]


def test_near_duplicates_ignore_contrast_size_and_a_small_target():
    one = picture(0)
    half = np.array(Image.fromarray(one.astype(np.float32)).resize((64, 48), Image.Resampling.BOX))
    target = one.copy()
    target[40:43, 50:53] += 0.1
    found = pairs_of(one, picture(1), 0.4 * one + 0.3, half, target)
    assert sorted(found) == [(0, 2), (0, 3), (0, 4), (2, 3), (2, 4), (3, 4)]


def test_two_skies_of_the_same_layout_need_the_same_details_too():
    ramp = np.linspace(0, 1, 96)[:, None] * np.ones(128)
    one, two = (ramp + 0.03 * np.random.default_rng(seed).standard_normal((96, 128)) for seed in (0, 1))
    signatures = near.signatures([one, two])
    assert (signatures.coarse @ signatures.coarse.T)[0, 1] > near.COARSE_ABOVE
    assert near.pairs(signatures) == []


def test_constant_frames_are_near_nothing_and_break_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flat = np.full((20, 30), np.float32(0.1))
        assert pairs_of(flat, flat, np.zeros((5, 5)), picture(0)) == []
        assert near.pairs(near.signatures([])) == []


def test_blocks_of_rows_change_nothing(monkeypatch):
    images = [picture(seed % 4) for seed in range(11)]
    whole = near.pairs(near.signatures(images))
    monkeypatch.setattr(near, "ROWS_AT_ONCE", 3)
    assert sorted(pairs_of(*images)) == sorted(pair[:2] for pair in whole)
    assert len(whole) == 3 + 3 + 3 + 1  # three times three copies, once two
    assert near.groups(11, whole) == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7]]


# --- layouts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "masks", "ending"),
    [
        ("images", "masks", ""),
        ("images", "masks", "_pixels0"),
        ("IRSTD1k_Img", "IRSTD1k_Label", ""),
        ("SIRSTdevkit/PNGImages", "SIRSTdevkit/SIRST/BinaryMask", "_pixels0"),
        ("PNGImages", "SIRST/BinaryMask", "_pixels0"),
        ("data/SIRSTdevkit/PNGImages", "data/SIRSTdevkit/SIRST/BinaryMask", "_pixels0"),
        ("img", "label", ""),
    ],
)
def test_known_layouts_are_found(tmp_path, images, masks, ending):
    folder = tmp_path / "anything"
    put(folder / images, ["a.png", "b.bmp"], [10, 20])
    put(folder / masks, [f"a{ending}.png", f"b{ending}.png"], [0, 255])
    (folder / images / "._a.png").write_bytes(b"what other systems leave there")
    (folder / images / "Thumbs.db").write_bytes(b"")
    frames = data.open("anything", "all", root=tmp_path)
    assert frames.ids == ("a", "b")
    assert [frame.image[0, 0] * 255 for frame in frames] == pytest.approx([10, 20])
    assert [frame.mask.all() for frame in frames] == [False, True]


def test_root_is_the_argument_then_the_variable_then_the_checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("RRCA_DATA", str(tmp_path / "variable"))
    assert data.data_root(tmp_path / "argument") == tmp_path / "argument"
    assert data.data_root() == tmp_path / "variable"
    monkeypatch.delenv("RRCA_DATA")
    checkout = Path(data.__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        assert data.data_root() == checkout / "data"
    monkeypatch.setattr(layouts, "__file__", str(tmp_path / "site-packages/rrca/data/layouts.py"))
    assert data.data_root() == Path("data")


def test_missing_set_says_where_it_was_looked_for_and_the_command(no_data):
    assert data.available() == []
    for name, command in (
        ("NUAA-SIRST", "rrca data fetch NUAA-SIRST"),
        ("DenseSIRST", "rrca data fetch DenseSIRST"),
        ("NUDT-SIRST", "rrca data import NUDT-SIRST ARCHIVE"),
        ("IRSTD-1k", "rrca data import IRSTD-1k ARCHIVE"),
        ("COCO", "known names are NUAA-SIRST"),
    ):
        with pytest.raises(InputError) as refused:
            data.open(name)
        assert str(no_data / name) in str(refused.value) and command in str(refused.value)


def test_incomplete_set_names_what_is_lost(tmp_path):
    ids = lists.ids("NUAA-SIRST", "test")
    put(tmp_path / "NUAA-SIRST/images", [f"{id}.png" for id in ids[1:]], [0] * 213)
    put(tmp_path / "NUAA-SIRST/masks", [f"{id}.png" for id in ids[:-1]], [0] * 213)
    with pytest.raises(InputError, match=rf"2 IDs of the test list, the first is {ids[0]};"):
        data.open("NUAA-SIRST", root=tmp_path)


# --- frames ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("split", "channels", "says"), [("dev", "grey", "split = 'dev'"), ("test", "gray", "channels = 'gray'")]
)
def test_wrong_arguments_are_named(split, channels, says):
    with pytest.raises(InputError, match=says):
        data.open("synthetic", split, channels)


@pytest.fixture
def pair(tmp_path):
    """Two frames, one grey and one of colour, with a grey value in a mask."""
    put(tmp_path / "images", ["a.png"], [51])
    Image.fromarray(np.tile(np.uint8([10, 20, 30]), (9, 7, 1))).save(tmp_path / "images" / "b.png")
    put(tmp_path / "masks", ["a.png", "b_pixels0.png"], [0, 200])
    return tmp_path / "images", tmp_path / "masks"


def test_frames_are_a_sequence(pair):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # oddities of a data set are told by `check`, not once a frame
        frames = data.open_folders(*pair)
        assert (len(frames), frames.ids, frames.real, frames.channels) == (2, ("a", "b"), True, "grey")
        assert [frame.id for frame in frames] == ["a", "b"]
        assert frames[-1].id == frames.get("b").id == frames[1:][0].id == "b"
    assert frames[0].image.dtype == np.float32 and frames[0].mask.dtype == bool
    assert frames[1].mask.all() and (frames[1].raw_mask == 200).all()
    assert data.open_folders(*pair, channels="rgb")[1].image.shape == (9, 7, 3)
    with pytest.raises(InputError, match="no frame 'c'"):
        frames.get("c")
    with pytest.raises(IndexError):
        frames[2]
    with pytest.raises(AttributeError):  # frozen
        frames[0].id = "c"


def test_folder_pairs_that_do_not_fit_are_refused(pair, tmp_path):
    images, masks = pair
    assert data.open_folders(images, masks, ids=["b"]).ids == ("b",)
    with pytest.raises(InputError, match="no pair for c"):
        data.open_folders(images, masks, ids=["c"])
    with pytest.raises(InputError, match="no folder"):
        data.open_folders(images, tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pair for any frame"):
        data.open_folders(images, tmp_path / "empty")
    put(masks, ["a.png"], [0], size=(4, 5))
    with pytest.raises(InputError, match=r"5×4.*7×9"):
        data.open_folders(images, masks)[0]


def test_synthetic_scenes_open_like_a_data_set(no_data):
    frames = data.open("synthetic", "val", channels="rgb")
    assert not frames.real
    first = frames[0]
    assert first.image.ndim == 3 and first.image.dtype == np.float32 and first.mask.any()
    np.testing.assert_array_equal(frames.get(first.id).image, first.image)
    splits = {
        split: set(data.open("synthetic", split).ids) for split in ("train", "val", "trainval", "test", "all")
    }
    assert splits["train"] | splits["val"] == splits["trainval"] and not splits["train"] & splits["val"]
    assert splits["trainval"] | splits["test"] == splits["all"] and not splits["trainval"] & splits["test"]


def test_stand_in_says_in_a_line_that_it_is_one(no_data, capsys):
    frames = data.open_or_synthetic("NUAA-SIRST")
    printed = capsys.readouterr().out
    assert not frames.real
    assert printed.count("\n") == 1 and "SYNTHETIC" in printed and "rrca data fetch NUAA-SIRST" in printed
    # asked for by name, as `make run` does, it still says so in the page that the reader sees
    assert not data.open_or_synthetic("synthetic").real
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and "SYNTHETIC" in printed


def test_importing_is_silent_and_light():
    heavy = ("pooch", "requests", "tifffile", "matplotlib", "IPython")
    code = f"import sys, rrca.data; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


# --- the real sets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HERE)
def test_real_frames_follow_the_lists(name, real_data):
    assert name in data.available(real_data)
    for split, size in zip(("trainval", "test", "val"), SIZES[name], strict=True):
        frames = data.open(name, split, root=real_data)
        assert frames.real and frames.ids == tuple(lists.ids(name, split)) and len(frames) == size
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for frame in frames[:3]:
                assert frame.image.shape == frame.mask.shape and frame.mask.any()
                assert frame.image.dtype == np.float32 and 0 <= frame.image.min() < frame.image.max() <= 1
    assert len(data.open(name, "all", root=real_data)) == SIZES[name][0] + SIZES[name][1]


def test_real_colour_frame_is_luminance_or_colour(real_data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grey = data.open("NUAA-SIRST", "all", root=real_data).get("Misc_10").image
        colour = data.open("NUAA-SIRST", "all", channels="rgb", root=real_data).get("Misc_10").image
    with Image.open(real_data / "NUAA-SIRST/images/Misc_10.png") as stored:
        assert stored.mode == "RGB"
        np.testing.assert_array_equal(np.round(grey * 255), np.asarray(stored.convert("L")))
        np.testing.assert_array_equal(np.round(colour * 255), np.asarray(stored))


def test_misc_111_has_the_distributed_mask_of_35_pixels(real_data):
    frame = data.open("NUAA-SIRST", "test", root=real_data).get("Misc_111")
    assert frame.mask.shape == frame.image.shape == (220, 325)
    assert frame.mask.sum() == 35
