"""The ledger of parameters and work: it adds up to the last digit, and puts every module where it belongs."""

import copy

import pytest
import torch
from torch import nn

import rrca
from rrca.errors import InputError
from rrca.reuse import RuCB
from rrca.studies import ledger

DEFAULT = "rrcanet-resnet18"
VARIANTS = [
    *(dict(iterations=n) for n in range(4)),
    dict(decoder="concat"),
    dict(decoder="sum"),
    dict(guide="high"),
    dict(output="last"),
    dict(output="deep-supervision"),
    dict(norms="shared"),
    dict(attention_ratio=None, in_channels=1),
    dict(channels=(8, 16, 32), blocks=(3, 3, 3)),
]


@pytest.mark.parametrize("overrides", VARIANTS, ids=str)
def test_the_ledger_adds_up_to_the_count(overrides):
    model = rrca.build(DEFAULT, **overrides)
    table = ledger.ledger(model)
    cost = rrca.count(model, (model.config.in_channels, 256, 256))
    assert (table.params.sum(), table.macs.sum(), table.paper.sum()) == (
        cost.params,
        cost.macs,
        cost.paper_flops,
    )


@pytest.mark.parametrize(("n", "total"), [(0, 183_889), (1, 193_113), (2, 202_249), (3, 211_385)])
def test_parameters_by_kind_counted_by_hand(n, total):
    """From the widths alone; the spec gives the totals of n = 0, 1, 2 to the digit, and 0.2114 M for n = 3."""
    kernels = 6 * (9 * 8 * 8 + 8)
    kernels += (9 * 8 * 16 + 16) + 3 * (9 * 16 * 16 + 16)
    kernels += (9 * 16 * 32 + 32) + 3 * (9 * 32 * 32 + 32)
    kernels += (9 * 32 * 64 + 64) + 3 * (9 * 64 * 64 + 64)
    norms = 2 * (6 * 8 + 4 * 16 + 4 * 32 + 4 * 64)
    shortcuts = (8 * 16 + 3 * 16) + (16 * 32 + 3 * 32) + (32 * 64 + 3 * 64)
    diaam = (8 * 8 + 8 + 16 * 8 + 8 + 2 * 8 * 1) + (16 * 16 + 16 + 32 * 16 + 16 + 2 * 16 * 2)
    diaam += 32 * 32 + 32 + 64 * 32 + 32 + 2 * 32 * 4
    stem = (9 * 3 * 8 + 8) + (9 * 8 * 8 + 8) + 2 * (2 * 8) + (3 * 8 + 8 + 2 * 8)
    stacked = 8 * (n + 1)
    tail = (9 * stacked * 8 + 8) + (9 * 8 * 8 + 8) + 2 * (2 * 8) + (8 + 1)
    tail += (stacked * 8 + 8 + 2 * 8) if n else 0
    expected = {
        "3×3 kernels": kernels,
        "norms": (n + 1) * norms,
        "shortcuts": (n + 1) * shortcuts,
        "DIAAM": (n + 1) * diaam,
        "stem": stem,
        "tail": tail,
    }
    found = ledger.sums(rrca.build(DEFAULT, iterations=n), "kind")
    assert found.to_dict() == expected
    assert tuple(found.index) == ledger.KINDS
    assert found.sum() == total


def test_deep_levels_hold_most_of_the_parameters():
    """Claim 38: counted by hand, level 3 has 129 280 in kernels and 2752 a pass in norms and shortcut."""
    found = ledger.sums(rrca.build(DEFAULT), "level")
    assert found["3"] == 129_280 + 3 * (2 * 4 * 64 + 32 * 64 + 3 * 64)
    assert found.sum() == 202_249 and 100 * found["3"] / found.sum() == pytest.approx(68.0, abs=0.05)


def test_every_parameter_is_owned_by_one_pass_or_shared_by_all():
    found = ledger.sums(rrca.build(DEFAULT), ["kind", "run in"])
    assert (found.loc["3×3 kernels"] > 0).to_dict() == {
        "every pass": True,
        "once": False,
        "pass 0": False,
        "pass 1": False,
        "pass 2": False,
    }
    for t in range(3):
        assert found[f"pass {t}"].to_dict() == {
            "3×3 kernels": 0,
            "norms": 992,
            "shortcuts": 3024,
            "DIAAM": 4480,
            "stem": 0,
            "tail": 0,
        }


def test_kernels_are_called_once_a_pass():
    table = ledger.ledger(rrca.build(DEFAULT))
    kernels = table[table.kind == "3×3 kernels"]
    assert len(kernels) == 18 and set(kernels.calls) == {3}
    owned = table[
        table["run in"].str.startswith("pass") & (table.params > 0) & ~table.index.str.contains("mlp")
    ]
    assert set(owned.calls) == {1}  # an MLP runs twice in a call: once for each pooling


def test_shared_norms_run_in_every_pass():
    found = ledger.sums(rrca.build(DEFAULT, norms="shared"), ["kind", "run in"])
    assert found.loc["norms", "every pass"] == 992 and found.loc["norms"].sum() == 992


def test_work_of_a_stage_counted_by_hand_as_in_the_notebook():
    """One kernel, one norm, 4×4 pixels, three passes: 432 MAC executed, 256 by the paper's rule, 16 parameters."""

    class Toy(nn.Module):
        def __init__(self):
            super().__init__()
            stage = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1))
            self.block = RuCB(stage, passes=3)

        def forward(self, x):
            for t in range(3):
                x = self.block(x, t)
            return x

    cost = rrca.count(Toy(), (1, 4, 4))
    assert (cost.params, cost.macs, cost.paper_flops) == (16, 432, 256)


def test_counting_changes_nothing_and_ignores_hooks():
    model, heard = rrca.build(DEFAULT), []
    model.stem.register_forward_hook(lambda *given: heard.append(1))
    model.stem.conv1.register_forward_pre_hook(lambda *given: heard.append(1))
    before = copy.deepcopy(model.state_dict())
    ledger.ledger(model, (3, 16, 16))
    assert all(torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values(), strict=True))
    assert model.training and not heard


def test_table_iv_as_printed_agrees_with_the_counts_by_its_own_rule_only():
    """Claims 1, 2 and 33: parameters and the column agree; the column is neither the work nor Eq. (15)."""
    table = ledger.by_iteration({n: rrca.build(DEFAULT, iterations=n) for n in range(5)})
    printed = table.iloc[:4]
    assert (abs(printed["paper: params, M"] - printed["counted: params"] / 1e6) <= 5e-4).all()
    assert (abs(printed["paper: FLOPs, G"] - printed["its rule, counted: G"]) <= 0.005).all()
    assert (printed["Eq. (15), executed: GFLOP"] > 1.9 * printed["paper: FLOPs, G"]).all()
    assert table["paper: params, M"].isna().tolist() == [False] * 4 + [True]
    steps = table["executed: GMAC"].diff().dropna()
    assert ((steps - 0.71).abs() < 0.005).all()


def test_wrong_arguments_are_named():
    with pytest.raises(InputError, match="model is a Conv2d"):
        ledger.ledger(nn.Conv2d(1, 1, 3))
    with pytest.raises(InputError, match="no column 'sort'"):
        ledger.sums(rrca.build(DEFAULT), "sort")
