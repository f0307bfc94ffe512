"""What the paper prints: Tables I-VIII as records, so that a program can read, compare and doubt them.

IoU and Pd in per cent, Fa in 1e-6, parameters in millions, "FLOPs" in G by the paper's count (which is not
the work done, see `rrca.cost.count`). Nothing in this module was measured here. Every row of the paper is one run, its
epoch chosen on the test list.

References
----------
Y. Liu, B. Li, T. Liu, Z. Lin, W. An, "RRCANet: Recurrent Reusable-Convolution Attention Network for Infrared
Small Target Detection", IEEE JSTARS 18, pp. 24632-24646, 2025.
"""

from dataclasses import dataclass
from typing import Literal

from rrca.errors import InputError

Table = Literal["I", "II", "III", "IV", "V", "VI", "VII", "VIII"]
IRSTD, NUAA, DENSE = DATASETS = ("IRSTD-1k", "NUAA-SIRST", "DenseSIRST")
TEST_TARGETS = 263  # of the NUAA-SIRST test list, whatever the size that it is judged at
TEST_PIXELS = 214 * 256**2  # of its 214 frames, squashed to 256×256 as the release does

CLASSICAL = (
    *("Top-Hat", "Max-Median", "WSLCM", "TLLCM"),
    *("IPI", "NRAM", "RIPT", "PSTNN", "MSLSTIPT"),
)
RIVALS = ("ACM", "ResUNet", "AMFU-net", "DNANet", "UIU-Net", "LW-IRSTNet", "RepISD-Net")
OURS = ("RRCA-Net, ResNet-10", "RRCA-Net, ResNet-18", "RRCA-Net, ResNet-34")
REGISTERED = {  # the paper's names of what `rrca.build` knows; Table II's are these with "+rucb"
    **dict(zip(OURS, ("rrcanet-resnet10", "rrcanet-resnet18", "rrcanet-resnet34"), strict=True)),
    "ACM": "acm",
    "ResUNet": "resunet",
    "AMFU-net": "amfunet",
    "DNANet": "dnanet",
    "UIU-Net": "uiunet",
    "LW-IRSTNet": "lw-irstnet",
    "RepISD-Net": "repisdnet",
}


@dataclass(frozen=True)
class Row:
    """One row of a table on one data set.

    Attributes
    ----------
    table : str
        Its number, "I" to "VIII".
    name : str
        Method or variant.
    data : str
        Data set.
    iou : float or None
        Per cent. None where the table has none (Table VII).
    pd : float
        Per cent.
    fa : float
        1e-6.
    fa_decimals : int
        Digits after the point of the printed Fa, a zero at the end included.
    params, flops : float or None
        Millions, and G by the paper's count. None where we hold no figure.
    """

    table: Table
    name: str
    data: str
    iou: float | None
    pd: float
    fa: float
    fa_decimals: int
    params: float | None = None
    flops: float | None = None

    @property
    def figures(self) -> tuple[float | None, float, float]:
        """(IoU, Pd, Fa)."""
        return self.iou, self.pd, self.fa


# Name | IoU/Pd/Fa on each data set | #Params M / #FLOPs G.
_TABLE_I = """
Top-Hat             | 10.06/75.11/1432  |  7.14/79.84/1012  |  1.07/32.77/563.9 |
Max-Median          |  7.00/65.21/59.73 |  4.17/69.20/55.33 |  0.12/33.24/5.178 |
WSLCM               |  3.45/72.44/6619  |  1.16/77.95/5446  |  2.58/48.90/2100  |
TLLCM               |  3.31/77.39/6738  |  1.03/79.09/5899  |  1.12/22.15/2300  |
IPI                 | 27.92/81.37/16.18 | 25.67/85.55/11.47 |  3.35/42.13/10.45 |
NRAM                | 15.25/70.68/16.93 | 12.16/74.52/13.85 |  4.91/65.32/4.363 |
RIPT                | 14.11/77.55/28.31 | 11.05/79.08/22.61 |  5.98/72.93/9.179 |
PSTNN               | 24.57/71.99/35.26 | 22.40/77.95/29.11 |  4.77/35.12/138.7 |
MSLSTIPT            | 11.43/79.03/1524  | 10.30/82.13/1131  |  2.13/17.37/333.2 |
ACM                 | 60.33/92.27/65.31 | 68.34/91.63/23.19 | 53.64/61.75/31.56 | 0.398/0.335
ResUNet             | 66.06/90.48/10.63 | 74.06/96.96/14.97 | 80.96/98.06/4.377 | 0.914/1.27
AMFU-net            | 66.70/92.86/16.02 | 74.26/97.34/14.40 | 80.33/97.89/4.132 | 0.473/5.09
DNANet              | 67.70/91.58/18.69 | 76.63/95.44/26.55 | 81.45/97.28/3.252 | 4.697/14.05
UIU-Net             | 65.69/91.25/13.42 | 76.24/95.06/10.57 | 77.51/97.11/6.699 | 50.54/46.65
LW-IRSTNet          | 61.34/89.46/23.84 | 67.83/94.30/19.39 | 78.95/97.11/3.656 | 0.163/0.177
RepISD-Net          | 65.45/91.59/7.62  | 74.87/98.48/6.85  | 78.60/97.25/22.24 | 0.279/11.53
RRCA-Net, ResNet-10 | 66.57/90.48/13.36 | 74.17/96.20/20.25 | 82.35/98.03/1.319 | 0.103/0.721
RRCA-Net, ResNet-18 | 68.73/92.52/6.68  | 75.41/98.10/7.56  | 82.15/98.23/1.810 | 0.202/1.04
RRCA-Net, ResNet-34 | 67.31/92.52/7.29  | 72.45/96.96/12.34 | 82.00/98.49/2.308 | 0.363/1.68
"""

# Three rivals with RuCB, under the names they have in Table I without it.
_TABLE_II = """
ResUNet  | 67.81/92.86/9.489 | 75.13/95.82/8.842 | 83.12/98.58/1.096 | 0.979/1.68
AMFU-net | 66.19/92.59/5.436 | 74.30/95.06/5.419 | 81.48/97.77/1.796 | 0.489/5.77
DNANet   | 69.29/91.50/5.162 | 75.84/96.58/5.134 | 80.80/98.12/2.394 | 4.697/15.04
"""

# NUAA-SIRST alone from here on. C are the channels per level, l the levels, n the extra iterations.
_ABLATIONS: dict[Table, str] = {
    "III": """
C = 4..32, l = 4   | 73.06/97.34/24.39 | 0.052/0.28
C = 16..128, l = 4 | 74.76/95.82/21.61 | 0.799/4.00
C = 8..64, l = 4   | 75.41/98.10/7.558 | 0.202/1.04
C = 8..32, l = 3   | 74.11/96.96/13.98 | 0.078/1.02
C = 8..128, l = 5  | 75.39/96.96/20.82 | 0.785/1.05
C = 4..64, l = 5   | 72.60/98.10/23.39 | 0.200/0.28
C = 16..256, l = 5 | 75.64/96.96/22.82 | 3.122/4.06
""",
    "IV": """
n = 0 | 73.54/96.96/16.76 | 0.184/0.83
n = 1 | 74.41/96.96/12.48 | 0.193/0.94
n = 2 | 75.41/98.10/7.558 | 0.202/1.04
n = 3 | 72.62/95.82/30.66 | 0.211/1.15
""",
    "V": """
without FSM      | 73.33/96.96/26.311 | 0.201/0.95
deep supervision | 74.25/97.72/12.763 | 0.201/0.95
FSM              | 75.41/98.10/7.558  | 0.202/1.04
""",
    "VI": """
concatenate | 74.11/96.58/25.669 | 0.199/1.60
sum         | 73.26/96.58/26.311 | 0.190/0.98
without CA  | 73.17/96.20/20.892 | 0.201/1.04
CA, r = 4   | 75.17/96.20/18.967 | 0.202/1.04
re-weight   | 73.29/96.96/24.100 | 0.202/1.04
DIAAM       | 75.41/98.10/7.558  | 0.202/1.04
""",
    "VIII": """
SoftIoU      | 73.63/96.20/14.902 |
Dice         | 73.41/96.58/15.045 |
Dice + Focal | 74.13/96.58/21.034 |
FocalIoU     | 72.28/95.82/11.765 |
Top-k        | 73.85/97.72/16.328 |
Poly         | 72.50/95.82/11.052 |
Poly + Top-k | 72.95/97.34/22.817 |
Dice + Top-k | 75.40/96.96/15.401 |
DpT-k        | 75.41/98.10/7.558  |
""",
}

# alpha | Pd/Fa at k = 5, 10, 15 per cent.
_TABLE_VII = """
2.0 | 95.44/17.041 | 95.06/18.040 | 96.96/12.621
2.5 | 96.20/20.606 | 96.96/21.320 | 96.96/11.337
2.8 | 97.34/19.680 | 96.20/14.118 | 97.72/19.537
2.9 | 96.58/10.909 | 96.96/9.626  | 96.96/12.264
3.0 | 96.58/11.979 | 96.20/13.191 | 94.68/23.530
3.1 | 97.34/20.606 | 98.10/7.558  | 96.96/14.688
3.2 | 95.82/18.610 | 97.34/14.974 | 97.34/12.193
3.5 | 96.96/20.535 | 96.20/16.614 | 95.82/17.113
4.0 | 96.96/14.688 | 96.20/21.676 | 97.34/11.052
"""
ALPHAS = (2.0, 2.5, 2.8, 2.9, 3.0, 3.1, 3.2, 3.5, 4.0)
KS = (5, 10, 15)  # per cent of the batch's pixels


def _cells(text: str):
    """The lines of a table, each as its name and its cells."""
    for line in text.strip().splitlines():
        name, *cells = (cell.strip() for cell in line.split("|"))
        yield name, cells


def _row(table: Table, name: str, data: str, printed: str, cost: str = "") -> Row:
    """One row from its figures as printed; those of Table VII lack the IoU."""
    *iou, pd, fa = printed.split("/")
    params, flops = map(float, cost.split("/")) if cost else (None, None)
    decimals = len(fa.partition(".")[2])
    return Row(
        table, name, data, float(iou[0]) if iou else None, float(pd), float(fa), decimals, params, flops
    )


def _read() -> tuple[Row, ...]:
    rows = []
    tables: tuple[tuple[Table, str], ...] = (("I", _TABLE_I), ("II", _TABLE_II))
    for table, text in tables:
        for name, (*figures, cost) in _cells(text):
            rows += [
                _row(table, name, data, printed, cost)
                for data, printed in zip(DATASETS, figures, strict=True)
            ]
    for table, text in _ABLATIONS.items():
        rows += [_row(table, name, NUAA, *cells) for name, cells in _cells(text)]
    for alpha, cells in _cells(_TABLE_VII):
        rows += [
            _row("VII", grid_name(float(alpha), k), NUAA, printed)
            for k, printed in zip(KS, cells, strict=True)
        ]
    return tuple(rows)


def grid_name(alpha: float, k: float) -> str:
    """Name of a cell of Table VII.

    Examples
    --------
    >>> grid_name(3.1, 10)
    'α = 3.1, k = 10'
    """
    return f"α = {alpha:.1f}, k = {k:g}"


ROWS = _read()
_BY_KEY = {(row.table, row.name, row.data): row for row in ROWS}


def table(number: Table, data: str | None = None) -> tuple[Row, ...]:
    """The rows of a table, in the paper's order.

    Parameters
    ----------
    number : {"I", "II", "III", "IV", "V", "VI", "VII", "VIII"}
    data : str, optional
        One data set's rows only.

    Returns
    -------
    tuple of Row

    Raises
    ------
    InputError
        If there is no such table, or it has no row on `data`.

    Examples
    --------
    >>> [row.iou for row in table("IV")]
    [73.54, 74.41, 75.41, 72.62]
    """
    rows = tuple(row for row in ROWS if row.table == number and data in (None, row.data))
    if not rows:
        raise InputError(
            f"the paper's tables hold no row for table {number!r} and data set {data!r}; tables are I to VIII, data "
            f"sets {', '.join(DATASETS)}, and III to VIII are on {NUAA} alone."
        )
    return rows


def row(number: Table, name: str, data: str = NUAA) -> Row:
    """One row of a table.

    Parameters
    ----------
    number : str
        The table, "I" to "VIII".
    name : str
        As in `table(number)`; a cell of Table VII by `grid_name`.
    data : str, default "NUAA-SIRST"

    Returns
    -------
    Row

    Raises
    ------
    InputError
        If the table has no such row.

    Examples
    --------
    >>> row("VII", "α = 3.1, k = 10").figures
    (None, 98.1, 7.558)
    """
    if (number, name, data) not in _BY_KEY:
        known = dict.fromkeys(row.name for row in table(number, data))
        raise InputError(f"table {number} has no row {name!r} on {data}; its rows are {'; '.join(known)}.")
    return _BY_KEY[number, name, data]
