"""Which numbers a network computes with, and whether this processor is quick with them."""

from typing import Literal

import torch

Precision = Literal["fp32", "bf16"]


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for products of bfloat16, as far as torch can tell.

    On x86 they are AVX512-BF16 and AMX. Without them bfloat16 is put together from other instructions: a training
    step then takes 7 to 10 times that of float32 on an AMD EPYC with AVX2 alone (`rrca bench train`).
    """
    able = getattr(torch.cpu, "get_capabilities", dict)()  # older versions of torch cannot tell
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
