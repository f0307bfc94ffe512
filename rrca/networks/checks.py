"""What a network refuses: settings that mean nothing, and frames that do not fit."""

from torch import Tensor, nn

from rrca.errors import InputError


def require_whole(config, field: str, least: int = 1, length: int | None = None) -> None:
    """See that a setting holds whole numbers.

    Parameters
    ----------
    config : frozen dataclass
        A list in it (as a JSON card brings) becomes a tuple.
    field : str
        Name of the setting: one number if its default is one, else a tuple of numbers.
    least : int, default 1
        Smallest value allowed.
    length : int, optional
        How many numbers the tuple must have; any number of them (but one at least) if not given.

    Raises
    ------
    InputError
        Naming the setting, its value and what was expected.
    """
    value, values = getattr(config, field), (getattr(config, field),)
    if isinstance(type(config).__dataclass_fields__[field].default, tuple):
        values = tuple(value) if isinstance(value, list | tuple) else ()
        object.__setattr__(config, field, values)
    expected = f"{'' if length is None else f'{length} '}whole numbers of at least {least}"
    if (
        not values
        or (length is not None and len(values) != length)
        or any(type(number) is not int or number < least for number in values)
    ):
        raise InputError(f"{field} = {value!r}: needs {expected}.")


def require_choice(config, field: str, choices) -> None:
    """See that a setting is one of its named choices; InputError lists them otherwise."""
    if getattr(config, field) not in choices:
        raise InputError(
            f"{field} = {getattr(config, field)!r}: choose one of {', '.join(map(str, choices))}."
        )


def check_frames(network: nn.Module, x: Tensor, least_batch: int = 1) -> None:
    """See that a batch fits a network.

    Parameters
    ----------
    network : Module
        With `config.in_channels` and `multiple`.
    x : Tensor
        Should be (B, C_in, H, W).
    least_batch : int, default 1
        Frames that a training batch must have: 2 where a norm stands behind a global pooling, since it then
        sees one value per channel and frame.

    Raises
    ------
    InputError
        If the shape does not fit; the message says what would.
    """
    C, multiple = network.config.in_channels, network.multiple
    if x.ndim != 4 or x.shape[1] != C:
        raise InputError(f"input of shape {tuple(x.shape)}: the network takes (B, {C}, H, W).")
    B, _, H, W = x.shape
    if H % multiple or W % multiple or not H or not W:
        raise InputError(
            f"input of {H}×{W} pixels: height and width must be multiples of {multiple}; pad the frame, "
            "or call rrca.detect, which pads and crops back."
        )
    if network.training and B < least_batch:
        raise InputError(
            f"a training batch of {B}: this network has norms behind a global pooling, which need at least "
            f"{least_batch} frames; give more, or call .eval() first."
        )
