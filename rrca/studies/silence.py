"""Which pass does the tail listen to? The maps of some passes are taken out of FSM's stack, and the rest is judged."""

from collections.abc import Callable, Iterable
from itertools import combinations

import torch
from torch import Tensor

from rrca.detection import Detector
from rrca.errors import InputError
from rrca.metrics import DetectionMetrics, Metrics

FILLERS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda d: d.mean((2, 3), keepdim=True).expand_as(
        d
    ),  # keeps the channel's level, loses all places
    "zero": torch.zeros_like,  # which the tail may never have met
}


@torch.inference_mode()
def judge_silenced(detector: Detector, frames: Iterable) -> dict[str, dict[tuple[int, ...], Metrics]]:
    """Judge a network whose tail does not see the maps of some passes.

    Parameters
    ----------
    detector : Detector
        Of an RRCA-Net with FSM.
    frames : iterable of Frame
        Each with `image` and `raw_mask`.

    Returns
    -------
    dict of str to dict of tuple of int to Metrics
        By what stands in for a silenced d_t, "mean" (of each channel over the frame) or "zero", and by the passes
        that are silenced: none first, then one, then two, up to all but one. Protocol `exact`, threshold 0.5.

    Raises
    ------
    InputError
        If the network has no FSM.

    Notes
    -----
    Only the tail misses the map: pass t + 1 still starts from the real d_t. So this tells what the tail reads,
    not what a pass is good for; a network trained without the map would have learnt to do without.
    """
    model = detector.model
    if model.config.output != "fsm":
        raise InputError(f"the output is {model.config.output!r}; only 'fsm' stacks what every pass gives.")
    passes = range(model.config.passes)
    gone = [each for many in passes for each in combinations(passes, many)]
    metrics = {fill: {each: DetectionMetrics() for each in gone} for fill in FILLERS}
    for frame in frames:
        x = detector.normalisation(frame.image)[None]
        H, W = x.shape[2:]
        trace = model.trace(detector._padded(x))
        for fill, filler in FILLERS.items():
            filled = [filler(d) for d in trace.passes]
            for each, metric in metrics[fill].items():
                stack = [(filled if t in each else trace.passes)[t] for t in passes]
                scores = torch.sigmoid((model.output(stack) if each else trace.logits).float())
                metric.update(scores[0, 0, :H, :W].cpu().numpy(), frame.raw_mask, frame.id)
    return {fill: {each: one.compute() for each, one in rows.items()} for fill, rows in metrics.items()}
