"""Fetching and importing data sets: whole or not at all, checked, and never over what is there."""

import hashlib
import io
import stat
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from rrca import data
from rrca.data import arrange, fetch, layouts, lists
from rrca.data.fetch import SOURCES
from rrca.errors import InputError

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (22, 32), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (22, 32, 3), dtype=np.uint8)
MASK = np.zeros((22, 32), np.uint8)
MASK[5:8, 10:13] = 255


def sentence(call, *given, **named):
    with pytest.raises(InputError) as refused:
        call(*given, **named)
    message = str(refused.value)
    assert "\n" not in message and message.endswith(".")
    return message


def content(folder):
    """Every file below a folder, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def stored(path):
    with Image.open(path) as image:
        return image.mode, np.asarray(image)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """A proxy of the machine that runs the tests must not be asked for this machine's server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


# --- fetching from a server on this machine -------------------------------------------------------------------


class Server(SimpleHTTPRequestHandler):
    """Serves files, counts what was asked for, and says nothing."""

    asked: list

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A public repository in small: frames in the forms of the source, a registry, and a server."""
    folder = tmp_path / "repository"
    for place in ("images", "masks"):
        (folder / place).mkdir(parents=True)
    grey = Image.fromarray(GREY)
    grey.convert("RGB").save(folder / "images/Misc_1.png")  # equal channels
    Image.fromarray(COLOUR).save(folder / "images/Misc_2.png")
    grey.convert("P").save(folder / "images/Misc_3.png")
    Image.fromarray(np.dstack([GREY, np.full_like(GREY, 255)])).save(
        folder / "images/Misc_4.png"
    )  # constant alpha
    grey.save(folder / "images/Misc_111.png")
    for id, mode in (("Misc_1", "L"), ("Misc_2", "RGB"), ("Misc_3", "P"), ("Misc_4", "1")):
        Image.fromarray(MASK).convert(mode).save(folder / f"masks/{id}_pixels0.png")
    Image.fromarray(np.repeat(np.repeat(MASK, 2, axis=0), 2, axis=1)).save(
        folder / "masks/Misc_111_pixels0.png"
    )
    registry = {
        name: f"sha256:{hashlib.sha256(bytes_).hexdigest()}" for name, bytes_ in content(folder).items()
    }
    monkeypatch.setattr(lists, "registry", lambda name: registry)
    handler = type("Handler", (Server,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}", handler.asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def get(repository, tmp_path):
    """Fetch from that repository into an empty root."""
    return partial(data.fetch, "NUAA-SIRST", root=tmp_path / "root", base_url=repository[1], progress=False)


def test_fetched_frames_are_converted_without_loss(get, tmp_path, capfd):
    said = get()
    folder = tmp_path / "root" / "NUAA-SIRST"
    assert "5 frames" in said and str(folder) in said
    assert capfd.readouterr() == ("", "")  # no line a file
    for id in ("Misc_1", "Misc_3", "Misc_4", "Misc_111"):
        mode, pixels = stored(folder / f"images/{id}.png")
        assert mode == "L"
        np.testing.assert_array_equal(pixels, GREY)
    mode, pixels = stored(folder / "images/Misc_2.png")
    assert mode == "RGB"
    np.testing.assert_array_equal(pixels, COLOUR)
    for id in ("Misc_1", "Misc_2", "Misc_3", "Misc_4", "Misc_111"):
        mode, pixels = stored(folder / f"masks/{id}.png")
        assert mode == "L"
        np.testing.assert_array_equal(pixels, MASK)
    assert (folder / "extra/rgb_ids.txt").read_text() == "Misc_2\n"
    assert stored(folder / "extra/Misc_111_mask_source_64x44.png")[1].shape == (44, 64)
    assert (folder / "splits/train.txt").read_text().split() == lists.ids("NUAA-SIRST", "trainval")
    assert (folder / "splits/test.txt").read_text().split() == lists.ids("NUAA-SIRST", "test")
    assert sorted(path.name for path in folder.iterdir()) == ["extra", "images", "masks", "splits"]
    assert len(data.open("NUAA-SIRST", "all", root=tmp_path / "root")) == 5


def test_an_existing_set_is_left_alone(get, repository, tmp_path):
    get()
    before, asked = content(tmp_path / "root"), len(repository[2])
    assert "already" in get()
    assert content(tmp_path / "root") == before and len(repository[2]) == asked


def test_a_failed_download_is_resumed_and_leaves_no_set(get, repository, tmp_path):
    folder, _, asked = repository
    kept = (folder / "images/Misc_2.png").read_bytes()
    (folder / "images/Misc_2.png").unlink()
    assert "images/Misc_2.png answered 404" in sentence(get)
    assert data.available(tmp_path / "root") == []
    here = {f"/{name}" for name in content(tmp_path / "root/NUAA-SIRST/source/download")}
    assert here
    (folder / "images/Misc_2.png").write_bytes(kept)
    asked.clear()
    get()
    assert "/images/Misc_2.png" in asked and not here & set(asked)


def test_a_file_with_another_checksum_is_refused(get, repository, tmp_path):
    (repository[0] / "images/Misc_3.png").write_bytes(b"something else")
    message = sentence(get)
    assert "images/Misc_3.png" in message and "SHA-256" in message
    assert data.available(tmp_path / "root") == []
    assert "images/Misc_3.png" not in content(tmp_path / "root/NUAA-SIRST/source/download")


def test_a_damaged_file_on_disk_is_downloaded_again(get, repository, tmp_path):
    broken = tmp_path / "root/NUAA-SIRST/source/download/images/Misc_1.png"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"cut sho")
    get()
    assert "/images/Misc_1.png" in repository[2]


def test_no_connection_is_a_sentence(repository, tmp_path):
    nobody = "http://127.0.0.1:9"  # the port of "discard", where nothing listens
    message = sentence(data.fetch, "NUAA-SIRST", root=tmp_path / "root", base_url=nobody, progress=False)
    assert "cannot reach http://127.0.0.1:9/" in message and "run the command again" in message


def test_half_a_set_of_someone_elses_is_not_touched(get, tmp_path):
    images = tmp_path / "root/NUAA-SIRST/images"
    images.mkdir(parents=True)
    (images / "mine.png").write_bytes(b"mine")
    assert "move it away" in sentence(get)
    assert content(tmp_path / "root") == {"NUAA-SIRST/images/mine.png": b"mine"}


def test_ones_own_lists_stay(get, tmp_path):
    mine = tmp_path / "root/NUAA-SIRST/splits/train.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("Misc_1\n")
    get()
    assert mine.read_text() == "Misc_1\n"


def test_sets_without_a_repository_say_how_to_get_them(tmp_path):
    assert "rrca data import NUDT-SIRST ARCHIVE" in sentence(fetch, "NUDT-SIRST", root=tmp_path)
    assert "NUAA-SIRST and DenseSIRST" in sentence(fetch, "COCO", root=tmp_path)


def test_sources_are_fixed_commits_with_a_registry():
    assert tuple(SOURCES) == lists.REGISTRIES
    for address in SOURCES.values():
        commit = address.rstrip("/").rsplit("/", 1)[1]
        assert len(commit) == 40 and set(commit) <= set("0123456789abcdef")


# --- conversion of the real frames ----------------------------------------------------------------------------


def test_converting_real_frames_again_changes_no_pixel(real_data, tmp_path):
    files = layouts.locate("NUAA-SIRST", real_data)
    some = {id: files[id] for id in [*list(files)[::20], "Misc_111"]}
    folder = arrange.arrange("NUAA-SIRST", some, tmp_path / "NUAA-SIRST")
    for id, pair in some.items():
        for place, path in zip(("images", "masks"), pair, strict=True):
            (mode, pixels), (given_mode, given) = stored(folder / place / f"{id}.png"), stored(path)
            assert mode == given_mode
            np.testing.assert_array_equal(pixels, given)
    known = (real_data / "NUAA-SIRST/extra/rgb_ids.txt").read_text().split()
    assert (folder / "extra/rgb_ids.txt").read_text().split() == [id for id in some if id in set(known)]


def test_source_mask_of_misc_111_becomes_the_distributed_one(real_data, tmp_path):
    image, mask = layouts.locate("NUAA-SIRST", real_data)["Misc_111"]
    source = real_data / "NUAA-SIRST/extra/Misc_111_mask_source_592x400.png"
    folder = arrange.arrange("NUAA-SIRST", {"Misc_111": (image, source)}, tmp_path / "NUAA-SIRST")
    np.testing.assert_array_equal(stored(folder / "masks/Misc_111.png")[1], stored(mask)[1])
    np.testing.assert_array_equal(
        stored(folder / "extra/Misc_111_mask_source_592x400.png")[1], stored(source)[1]
    )


# --- archives -------------------------------------------------------------------------------------------------


def encoded(array):
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


FRAME, TARGETS = encoded(GREY), encoded(MASK)
IDS = [*lists.ids("IRSTD-1k", "trainval"), *lists.ids("IRSTD-1k", "test")]


def irstd(images="IRSTD-1k/IRSTD1k_Img", masks="IRSTD-1k/IRSTD1k_Label", ids=IDS, ending=""):
    """IRSTD-1k's 1001 files as its authors pack them, with pictures made here."""
    entries = {f"{images}/{id}.png": FRAME for id in ids}
    entries.update({f"{masks}/{id}{ending}.png": TARGETS for id in ids})
    return entries


def pack(path, entries, change=None):
    """Write an archive of the type that its name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, bytes_ in entries.items():
                file.writestr(name, bytes_)
    else:
        with tarfile.open(path, f"w:{path.suffix.removeprefix('.').replace('tar', '')}") as file:
            for name, bytes_ in entries.items():
                info = tarfile.TarInfo(name)
                info.size = len(bytes_)
                file.addfile(info, io.BytesIO(bytes_))
    return path


@pytest.mark.parametrize("type_", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_irstd_1k_is_imported_from_any_archive(type_, tmp_path):
    entries = irstd() | {
        "IRSTD-1k/readme.txt": b"read me",
        "__MACOSX/IRSTD-1k/IRSTD1k_Img/._XDU1.png": b"junk",
    }
    said = data.import_archive("IRSTD-1k", pack(tmp_path / f"a.{type_}", entries), root=tmp_path)
    folder = tmp_path / "IRSTD-1k"
    assert "1001 frames" in said and str(folder) in said
    assert sorted(path.name for path in folder.iterdir()) == ["extra", "images", "masks", "splits"]
    frames = data.open("IRSTD-1k", "test", root=tmp_path)
    assert len(frames) == 201
    np.testing.assert_array_equal(frames[0].raw_mask, MASK)
    np.testing.assert_array_equal(np.round(frames[0].image * 255), GREY)


@pytest.mark.parametrize(
    "layout",
    [
        {"images": "images", "masks": "masks"},
        {"images": "./a/b/images", "masks": "./a/b/masks", "ending": "_pixels0"},
        {"images": "x/img", "masks": "x/label"},
    ],
)
def test_the_pair_is_found_at_any_depth(layout, tmp_path):
    data.import_archive("IRSTD-1k", pack(tmp_path / "a.tar", irstd(**layout)), root=tmp_path)
    assert data.open("IRSTD-1k", root=tmp_path)[0].mask.sum() == 9


def test_an_archive_of_several_sets_gives_the_one_that_was_asked_for(tmp_path):
    entries = irstd("all/NUAA-SIRST/images", "all/NUAA-SIRST/masks", ids=lists.ids("NUAA-SIRST", "trainval"))
    entries |= irstd("all/IRSTD-1k/images", "all/IRSTD-1k/masks")
    data.import_archive("IRSTD-1k", pack(tmp_path / "a.zip", entries), root=tmp_path)
    assert set(data.open("IRSTD-1k", "all", root=tmp_path).ids) == set(IDS)


def test_an_unpacked_folder_is_imported_too_and_left_as_it_is(tmp_path):
    unpacked = tmp_path / "unpacked"
    for name, bytes_ in irstd("x/IRSTD1k_Img", "x/IRSTD1k_Label").items():
        (unpacked / name).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / name).write_bytes(bytes_)
    before = content(unpacked)
    data.import_archive("IRSTD-1k", unpacked, root=tmp_path / "root")
    assert len(data.open("IRSTD-1k", "all", root=tmp_path / "root")) == 1001
    assert content(unpacked) == before


def refused(archive, root):
    """The sentence an archive is refused with; nothing is left behind."""
    message = sentence(data.import_archive, "IRSTD-1k", archive, root=root)
    assert str(archive) in message
    assert not (root / "IRSTD-1k").exists()
    return message


@pytest.mark.parametrize("type_", ["zip", "tar"])
@pytest.mark.parametrize(
    "name",
    ["../outside.png", "/outside.png", "a/../../outside.png", "..\\outside.png", "C:/outside.png"],
)
def test_paths_that_leave_the_folder_are_refused(type_, name, tmp_path):
    archive = pack(tmp_path / f"a.{type_}", irstd() | {name: FRAME})
    assert "leaves its folder" in refused(archive, tmp_path / "root")
    assert not list(tmp_path.rglob("outside.png"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(kind, tmp_path):
    archive = pack(tmp_path / "a.tar", irstd())
    with tarfile.open(archive, "a") as file:
        info = tarfile.TarInfo("IRSTD-1k/IRSTD1k_Img/link.png")
        info.type, info.linkname = kind, "/etc/hostname"
        file.addfile(info)
    assert "holds a link" in refused(archive, tmp_path / "root")


def test_links_in_a_zip_are_refused(tmp_path):
    archive = pack(tmp_path / "a.zip", irstd())
    with zipfile.ZipFile(archive, "a") as file:
        info = zipfile.ZipInfo("IRSTD-1k/IRSTD1k_Img/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, "/etc/hostname")
    assert "holds a link" in refused(archive, tmp_path / "root")


@pytest.mark.parametrize("type_", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_cut_and_damaged_archives_are_refused(type_, tmp_path):
    whole = pack(tmp_path / f"whole.{type_}", irstd()).read_bytes()
    cut = tmp_path / f"cut.{type_}"
    cut.write_bytes(whole[: len(whole) // 2])
    message = refused(cut, tmp_path / "root")
    assert "cut short" in message or "lacks" in message  # a tar may end between two files
    damaged = bytearray(whole)
    damaged[len(whole) // 3 : len(whole) // 3 + 400] = bytes(400)
    (tmp_path / f"damaged.{type_}").write_bytes(damaged)
    assert sentence(data.import_archive, "IRSTD-1k", tmp_path / f"damaged.{type_}", root=tmp_path / "root")
    assert not (tmp_path / "root/IRSTD-1k").exists()


def test_a_locked_zip_is_refused(tmp_path):
    archive = pack(tmp_path / "a.zip", irstd())
    content_ = bytearray(archive.read_bytes())
    place = content_.index(b"PK\1\2")  # the directory's first entry: set the bit that says "encrypted"
    content_[place + 8] |= 1
    archive.write_bytes(content_)
    assert "password" in refused(archive, tmp_path / "root")


def test_other_types_are_refused_with_advice(tmp_path):
    for name, bytes_ in (("a.rar", b"Rar!\x1a\x07\x01\x00"), ("a.7z", b"7z\xbc\xaf\x27\x1c")):
        (tmp_path / name).write_bytes(bytes_)
        assert "import the folder instead" in refused(tmp_path / name, tmp_path / "root")
    (tmp_path / "a.zip").write_bytes(b"no archive at all")
    assert "no zip or tar" in refused(tmp_path / "a.zip", tmp_path / "root")
    assert "no file" in refused(tmp_path / "absent.zip", tmp_path / "root")


def test_incomplete_and_foreign_archives_are_refused(tmp_path):
    lacking = irstd()
    del lacking[f"IRSTD-1k/IRSTD1k_Label/{IDS[3]}.png"]
    message = refused(pack(tmp_path / "a.zip", lacking), tmp_path / "root")
    assert f"1 of the 1001 IDs that the lists of IRSTD-1k name, the first is {IDS[3]};" in message
    other = irstd(ids=lists.ids("NUDT-SIRST", "test"))
    assert "no frames of IRSTD-1k" in refused(pack(tmp_path / "b.zip", other), tmp_path / "root")


def test_a_damaged_frame_inside_leaves_nothing_in_place(tmp_path):
    entries = irstd() | {f"IRSTD-1k/IRSTD1k_Img/{IDS[-1]}.png": FRAME[: len(FRAME) // 2]}
    message = sentence(
        data.import_archive, "IRSTD-1k", pack(tmp_path / "a.zip", entries), root=tmp_path / "root"
    )
    assert f"{IDS[-1]}.png" in message and "cut short" in message
    assert not (tmp_path / "root/IRSTD-1k").exists()


def test_deep_frames_are_not_silently_taken_for_8_bit(tmp_path):
    entries = irstd() | {f"IRSTD-1k/IRSTD1k_Img/{IDS[0]}.png": encoded(GREY.astype(np.uint16))}
    message = sentence(
        data.import_archive, "IRSTD-1k", pack(tmp_path / "a.zip", entries), root=tmp_path / "root"
    )
    assert "uint16" in message


def test_importing_twice_changes_nothing(tmp_path):
    archive = pack(tmp_path / "a.zip", irstd())
    data.import_archive("IRSTD-1k", archive, root=tmp_path / "root")
    before = content(tmp_path / "root")
    assert "already" in sentence(data.import_archive, "IRSTD-1k", archive, root=tmp_path / "root")
    assert content(tmp_path / "root") == before
    assert "known are" in sentence(data.import_archive, "COCO", archive, root=tmp_path / "root")
