"""JupyterLab in a real Chromium, for tests: open a notebook, run it, look at what a reader would see.

with JupyterBrowser(folder, find_chromium()) as lab, lab.open("00_first_detection.ipynb") as page:
    page.run_all()
    assert page.errors() == []
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 120  # JupyterLab takes about 10 s on two idle cores, more on busy ones
# Lines of the console that JupyterLab or Chromium writes whatever the notebook does.
NOT_OURS = re.compile(
    r"favicon|ResizeObserver|source map|GPU|WebGL|api/(?:kernels|sessions|terminals)\b.*\b404"
)
_SETTINGS = {
    # cells out of sight would otherwise not be in the page at all
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "docmanager-extension/plugin": {"autosave": False},
}
_CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => ({
        source: cell.model.sharedModel.getSource(),
        count: cell.model.executionCount,
        state: cell.model.executionState,
        outputs: cell.model.outputs.toJSON(),
    }))"""
_KERNEL = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
_SHUTDOWN = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"


def find_chromium():
    """Path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


class JupyterBrowser:
    """A JupyterLab server on a copy of a folder, and a browser that looks at it; one at a time.

    Parameters
    ----------
    folder : path
        Folder with the notebooks; it and ``figures/`` beside it are copied to `folder`, so that nothing here
        changes.
    chromium : path
        The browser.
    """

    def __init__(self, folder, chromium):
        self._source = Path(folder)
        self._chromium = str(chromium)

    def __enter__(self):
        from playwright.sync_api import sync_playwright

        self._temporary = TemporaryDirectory(ignore_cleanup_errors=True)
        self._root = Path(self._temporary.name)
        self.folder = self._root / "copy" / "notebooks"
        shutil.copytree(self._source, self.folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
        if (self._source.parent / "figures").is_dir():  # the notebooks' text shows these
            shutil.copytree(self._source.parent / "figures", self.folder.parent / "figures")
        try:
            self._start_server()
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(
                executable_path=self._chromium, args=CHROMIUM_ARGUMENTS
            )
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *error):
        self._browser.close()
        self._playwright.stop()
        self._stop()

    def open(self, name):
        """Open a notebook in a new window; returns a `NotebookPage` whose kernel is ready."""
        # A workspace of its own: the common one would bring back the notebooks opened before.
        address = f"{self.address}/lab/workspaces/{Path(name).stem}/tree/notebooks/{name}?reset"
        context = self._browser.new_context(viewport={"width": 1400, "height": 1000})
        return NotebookPage(context.new_page(), address)

    def _start_server(self):
        """Start the server by the function that `make lab` calls, in settings folders of its own."""
        settings = self._root / "settings" / "@jupyterlab"
        for name, content in _SETTINGS.items():
            path = settings / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content))
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        environment = {**os.environ, **{name: str(self._root / part) for name, part in own.items()}}
        port = _free_port()
        arguments = [
            "--no-browser",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--LabApp.expose_app_in_browser=True",
        ]
        program = (
            "import sys\nfrom rrca.course.notebooks import lab\nsys.exit(lab(sys.argv[1], sys.argv[2:]))"
        )
        self._log = open(self._root / "server.log", "w")
        self._server = subprocess.Popen(
            [sys.executable, "-c", program, str(self.folder), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while not _answers(f"{self.address}/api/status"):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"JupyterLab did not start:\n{(self._root / 'server.log').read_text()[-4000:]}"
                )
            time.sleep(0.2)

    def _stop(self):
        """End the server with its kernels, and remove the copy."""
        server = getattr(self, "_server", None)
        if server is not None and server.poll() is None:
            os.killpg(server.pid, 15)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, 9)
                server.wait()
        if hasattr(self, "_log"):
            self._log.close()
        self._temporary.cleanup()


class NotebookPage:
    """A notebook in a browser window until a `with` ends; `page` is Playwright's, for what is not here."""

    def __init__(self, page, address):
        self.page = page
        self._console = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self._console.append(f"uncaught: {error}"))
        page.goto(address)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=1000 * START_SECONDS)
        page.wait_for_function(f"({_KERNEL})() === 'idle'", timeout=1000 * START_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.page.evaluate(_SHUTDOWN)
        self.page.context.close()

    def run_all(self, seconds=300):
        """Choose Run > Run All Cells in the menu and wait until each code cell has run or one has failed."""
        self.page.click(".lm-MenuBar-item:has-text('Run')")
        self.page.click(".lm-Menu-item[data-command='runmenu:run-all']")
        self.wait_until_done(seconds)

    def wait_until_done(self, seconds=300):
        """Wait until every code cell has run, or one has failed and the kernel is idle."""
        deadline = time.monotonic() + seconds
        while True:
            cells = [cell for cell in self.cells() if cell["source"].strip()]
            idle = self.page.evaluate(_KERNEL) == "idle"
            if (
                idle
                and cells
                and (self.errors() or all(c["count"] and c["state"] != "running" for c in cells))
            ):
                return
            if time.monotonic() > deadline:
                waiting = [cell["source"] for cell in cells if not cell["count"]]
                raise TimeoutError(
                    f"after {seconds} s {len(waiting)} cells had not run, first:\n{waiting[:1]}"
                )
            self.page.wait_for_timeout(200)

    def cells(self):
        """Code cells as JupyterLab holds them: source, count, state, outputs."""
        return self.page.evaluate(_CELLS)

    def errors(self):
        """Error outputs of all cells, as ``Name: value``."""
        outputs = [output for cell in self.cells() for output in cell["outputs"]]
        return [f"{o['ename']}: {o['evalue']}" for o in outputs if o["output_type"] == "error"]

    def console_errors(self):
        """Errors on the browser's console and uncaught exceptions, without JupyterLab's own."""
        return [line for line in self._console if not NOT_OURS.search(line)]

    def pictures(self):
        """Width and height in pixels of each picture that the outputs show."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('.jp-OutputArea-output img')]
                .filter(img => img.complete && img.offsetParent !== null)
                .map(img => [img.naturalWidth, img.naturalHeight])"""
        )

    def screenshot(self, path):
        """Save what the window shows."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path))

    def _listen(self, message):
        """Keep what the console calls an error."""
        if message.type == "error":
            self._console.append(f"{message.text} ({message.location.get('url', '')})")


def _free_port():
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _answers(address):
    """Whether a server answers there."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
