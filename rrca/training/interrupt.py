"""Ctrl-C at a safe moment: the first one waits for the step to end, so that what is saved is whole."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


class Interrupt:
    """Whether Ctrl-C was pressed; `check` stops there."""

    def __init__(self):
        self.requested = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if asked to stop."""
        if self.requested:
            raise KeyboardInterrupt

    def between(self, items: Iterable) -> Iterator:
        """The items, with a check before each."""
        for item in items:
            self.check()
            yield item


@contextmanager
def saving(save: Callable[[], str] | None) -> Iterator[Interrupt]:
    """Turn the first Ctrl-C into a request, and save when the block stops for it.

    Parameters
    ----------
    save : callable or None
        Saves and says in a sentence how to go on, which becomes the KeyboardInterrupt's message. None leaves
        Ctrl-C as it is.

    Yields
    ------
    Interrupt

    Notes
    -----
    A second Ctrl-C stops at once. Only the main thread can catch signals; in another nothing is changed.
    """
    interrupt = Interrupt()
    if save is None or threading.current_thread() is not threading.main_thread():
        yield interrupt
        return

    def request(*_) -> None:
        interrupt.requested = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, request)
    try:
        yield interrupt
    except KeyboardInterrupt:
        if not interrupt.requested:  # raised by somebody else, perhaps in the middle of a step
            raise
        raise KeyboardInterrupt(save()) from None
    finally:
        signal.signal(signal.SIGINT, before)
