"""Download a data set, file by file and checked, from the public repository of its authors."""

import logging
import shutil
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from rrca.data import lists
from rrca.data.arrange import arrange, target_folder, working_folder
from rrca.data.layouts import NAMES, data_root, find_layout, get_command
from rrca.errors import InputError

# Raw files of the repositories at the commits that the checksums were made from.
SOURCES = {
    "NUAA-SIRST": "https://raw.githubusercontent.com/YimianDai/sirst/84302ab351af09dde227aa13ee9887f081bc3d4f/",
    "DenseSIRST": "https://raw.githubusercontent.com/GrokCV/DenseSIRST/6f538c5070c38ecaa2b00f76859ca41be0a1a517/",
}
AT_ONCE = 8  # downloads: the files are small, so most of the time goes into waiting
TIMEOUT = 30  # s without a byte


def fetch(name: str, root=None, base_url: str | None = None, progress: bool = True) -> str:
    """Download a data set into `root/name`.

    Parameters
    ----------
    name : {"NUAA-SIRST", "DenseSIRST"}
        The sets with a public repository.
    root : path-like, optional
        Folder of the data sets; see `data_root`.
    base_url : str, optional
        Another address that has the same files below it, a mirror; default the repository at a fixed commit.
    progress : bool, default True
        Show a bar on standard error.

    Returns
    -------
    str
        What was done, in a sentence: an existing set is left alone and named.

    Raises
    ------
    InputError
        For a set that can't be fetched, no connection, a file that is missing there or has another SHA-256.

    Notes
    -----
    Files go to `root/name/source/download` first. What has arrived there is kept if the download fails, and
    used when it is started again. The frames are then converted and moved into place, all or none.
    """
    if name not in SOURCES:
        raise InputError(_cannot_fetch(name))
    root = data_root(root)
    if find_layout(root / name) is not None:
        return f"{name} is in {root / name} already; nothing was done (`rrca data check {name}` looks at it)."
    folder = target_folder(name, root)
    registry = lists.registry(name)
    download = working_folder(folder, "download")
    _download(registry, base_url or SOURCES[name], download, progress and f"{name}: download")
    arrange(name, _pairs(registry, download), folder)
    shutil.rmtree(download)
    if not any((folder / "source").iterdir()):
        (folder / "source").rmdir()
    return f"{name}: {len(list((folder / 'images').iterdir()))} frames in {folder}."


def _cannot_fetch(name: str) -> str:
    if name in NAMES:
        return f"{name} has no public repository to fetch from; get its archive, then `{get_command(name)}`."
    return f"no data set {name!r}; {' and '.join(SOURCES)} can be fetched."


def _pairs(registry: dict[str, str], download: Path) -> dict[str, tuple[Path, Path]]:
    """Frame and mask file by ID; masks are the files that end with `_pixels0`."""
    masks = {Path(path).stem.removesuffix("_pixels0"): path for path in registry if "_pixels0." in path}
    frames = {Path(path).stem: path for path in registry if "_pixels0." not in path}
    return {id: (download / path, download / masks[id]) for id, path in sorted(frames.items())}


def _download(registry: dict[str, str], base_url: str, folder: Path, bar: str | bool) -> None:
    """Every file of the registry, several at once; the first failure ends it."""
    import pooch
    import requests

    address = base_url.rstrip("/") + "/"
    for parent in {folder / Path(path).parent for path in registry}:
        parent.mkdir(parents=True, exist_ok=True)  # here, as pooch's threads would race for it
    shelf = pooch.create(path=folder, base_url=address, registry=registry, retry_if_failed=1)
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT)

    def one(path: str) -> None:
        shelf.fetch(path, downloader=downloader)
        show.update()

    with (
        _silent(pooch.get_logger()),
        tqdm(total=len(registry), unit="file", desc=bar or None, disable=not bar) as show,
    ):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = {pool.submit(one, path): path for path in registry}
            try:
                wait(jobs, return_when=FIRST_EXCEPTION)
            finally:  # also when the user interrupts
                pool.shutdown(cancel_futures=True)
        here = sum((folder / path).is_file() for path in registry)
    failed = next((job for job in jobs if not job.cancelled() and job.exception()), None)
    if failed is None:
        return
    url, error = address + jobs[failed], failed.exception()
    again = f"{here} of {len(registry)} files are kept, so run the command again to go on."
    if isinstance(error, requests.HTTPError):
        raise InputError(f"{url} answered {error.response.status_code}; {again}") from None
    if isinstance(error, requests.RequestException):
        raise InputError(f"cannot reach {url} ({type(error).__name__}); {again}") from None
    if isinstance(error, ValueError):  # pooch's, for a wrong checksum
        raise InputError(f"{url} is not the file that is expected, its SHA-256 differs; {again}") from None
    if isinstance(error, OSError):
        raise InputError(f"{folder} cannot be written ({error}); {again}") from None
    raise error


@contextmanager
def _silent(logger: logging.Logger):
    """No line a file beside the bar."""
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
