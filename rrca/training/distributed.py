"""Several devices: one process each, a part of every batch each, one loss over the whole batch.

Plain DistributedDataParallel averages the processes' gradients. The loss is not an average over crops: Dice sums over
the batch, Top-k takes the largest pixels of the batch. So the logits (one channel) are gathered, each process computes
the loss of the whole batch, and its gradient flows into its own part.

Norms are each process's own, unless `Recipe.sync_norms`. That is another step: with 8 crops on 2 devices the logits of
the shipped weights move by 8 % and those of an untrained network by 58 %, and the gradient keeps a cosine of 0.73 with
that of one device; with one crop a device it keeps 0.15 and 0.61 (NUAA-SIRST, training list, 20 batches, seed 0, AMD
EPYC; ``python -m rrca.studies.local_norms``).
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from rrca.errors import InputError


def started() -> bool:
    """Whether `torchrun` started this process as one of several."""
    return "WORLD_SIZE" in os.environ


class Team:
    """The processes that share a training; one alone if there is no process group.

    Parameters
    ----------
    device : str or torch.device, optional
        "cpu" or "cuda"; default "cuda" if there is a GPU. With several processes "cuda" is the process's own GPU.

    Attributes
    ----------
    size, rank : int
        Processes in all, and which this is.
    device : torch.device
        Of this process.
    first : bool
        Whether this process is the one that judges, logs and saves.
    """

    def __init__(self, device: str | torch.device | None = None):
        self.size = dist.get_world_size() if dist.is_initialized() else 1
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.first = self.rank == 0
        device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if device.type == "cuda" and self.size > 1:
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", self.rank)))
        self.device = device

    def part(self, batch: int) -> slice:
        """This process's part of a batch.

        Raises
        ------
        InputError
            If the batch cannot be shared equally.
        """
        if batch % self.size:
            raise InputError(
                f"a batch of {batch} crops cannot be shared by {self.size} devices; choose a multiple of it."
            )
        each = batch // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def agreed(self, value: Any) -> Any:
        """The first process's value, in all of them."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def share(self, model: nn.Module, sync_norms: bool = False) -> nn.Module:
        """The network as each process trains it.

        Raises
        ------
        InputError
            For `sync_norms` on the CPU.
        """
        if sync_norms:
            if self.device.type == "cpu":
                raise InputError(
                    "sync_norms works on GPUs only: torch has no SyncBatchNorm for the CPU; leave it off."
                )
            synchronise_norms(model)
        if self.size == 1:
            return model
        return DistributedDataParallel(
            model, device_ids=[self.device] if self.device.type == "cuda" else None
        )

    def whole(self, logits: Tensor | list[Tensor], mask: Tensor) -> tuple[Tensor | list[Tensor], Tensor]:
        """Logits and mask of the whole batch; the gradient reaches this process's part."""
        if self.size == 1:
            return logits, mask
        if isinstance(logits, list | tuple):
            return [self._gathered(one) for one in logits], self._gathered(mask)
        return self._gathered(logits), self._gathered(mask)

    def _gathered(self, mine: Tensor) -> Tensor:
        mine = mine.float().contiguous()
        parts = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(parts, mine.detach())
        parts[self.rank] = mine  # the others' parts are constants here
        return torch.cat(parts)


def synchronise_norms(model: nn.Module) -> None:
    """Turn every BatchNorm into a SyncBatchNorm, in place.

    torch's own conversion makes new modules and puts them where the old ones are registered; a RuCB runs copies of a
    stage that share modules with it by identity, and would go on running the old ones.
    """
    for module in model.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = nn.SyncBatchNorm
            module.process_group = None  # all processes


@contextmanager
def _group(init: str, rank: int, size: int, device: str | None) -> Iterator[None]:
    cuda = torch.cuda.is_available() if device is None else torch.device(device).type == "cuda"
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)))
    dist.init_process_group("nccl" if cuda else "gloo", init_method=init, rank=rank, world_size=size)
    try:
        yield
    finally:
        dist.destroy_process_group()


REPORTED = {
    error.__name__: error for error in (InputError, FloatingPointError)
}  # one sentence, not a traceback


def _process(rank: int, size: int, folder: str, device: str | None, work: Callable, arguments: tuple) -> None:
    """What each process that `launch` starts does."""
    torch.set_num_threads(max(1, torch.get_num_threads() // size))
    try:
        with _group(f"file://{folder}/meeting", rank, size, device):
            work(*arguments)
    except tuple(REPORTED.values()) as error:
        (Path(folder) / type(error).__name__).write_text(str(error), encoding="utf-8")
        os._exit(2)  # the others wait for this one in a collective: leave at once, so that they are stopped


def launch(work: Callable, arguments: tuple[Any, ...], devices: int, device: str | None = None) -> None:
    """Run a function in several processes of one group, and wait for them.

    Parameters
    ----------
    work : callable
        At the top of a module, since new processes import it.
    arguments : tuple
        Of `work`.
    devices : int
        Processes: one a GPU, or on the CPU as many as share the cores.
    device : str, optional
        "cpu" or "cuda"; default "cuda" if there is a GPU.

    Raises
    ------
    InputError
        If there are fewer GPUs than asked for, or `work` raised it in one of the processes.

    Notes
    -----
    Under `torchrun`, which has started the processes already (WORLD_SIZE is set), `work` is run in this one.
    """
    if started():
        with _group("env://", int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]), device):
            work(*arguments)
        return
    cuda = torch.cuda.is_available() if device is None else torch.device(device).type == "cuda"
    if cuda and devices > torch.cuda.device_count():
        raise InputError(
            f"devices = {devices}, but there are {torch.cuda.device_count()} GPUs; ask for fewer."
        )
    with tempfile.TemporaryDirectory() as folder:
        try:
            torch.multiprocessing.spawn(_process, (devices, folder, device, work, arguments), nprocs=devices)
        except torch.multiprocessing.ProcessExitedException:
            for name, error in REPORTED.items():
                if (Path(folder) / name).exists():
                    raise error((Path(folder) / name).read_text(encoding="utf-8")) from None
            raise
