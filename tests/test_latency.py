"""The time of a frame: how it is measured and kept, and what the kept measurement is of."""

import json

import pytest
import torch

import rrca
from rrca import paper
from rrca.errors import InputError
from rrca.studies import latency

FEW = {"acm": ("acm", {}), "resunet+rucb, n = 0": ("resunet+rucb", {"iterations": 0})}
SMALL = (3, 32, 32)


def test_every_network_runs_once_a_round_and_the_first_round_is_left_out():
    measured = latency.measure(FEW, rounds=3, size=SMALL)
    assert list(measured["networks"]) == list(FEW)
    for row in measured["networks"].values():
        assert len(row["cpu"]) == len(row["wall"]) == 3 and min(row["cpu"]) > 0
    assert (
        measured["threads"] == 1 and ", 1 threads" in measured["hardware"] and measured["size"] == [3, 32, 32]
    )


def test_it_leaves_threads_and_random_state_alone():
    torch.manual_seed(3)
    threads, expected = torch.get_num_threads(), torch.rand(2)
    torch.manual_seed(3)
    latency.measure({"acm": ("acm", {})}, rounds=1, size=SMALL)
    assert torch.get_num_threads() == threads and torch.equal(torch.rand(2), expected)


def test_what_is_written_is_read_again_and_a_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(InputError, match=r"latency.json: run `python -m rrca.studies.latency`"):
        latency.read(tmp_path)
    measured = latency.measure({"acm": ("acm", {})}, rounds=1, size=SMALL)
    assert latency.save(measured, tmp_path) == latency.path_of(tmp_path)
    assert latency.read(tmp_path) == json.loads(json.dumps(measured))


def test_the_table_holds_the_median_and_both_ends_in_milliseconds():
    row = {"params": 2_000_000, "macs": 3e9, "paper_flops": 1e9, "cpu": [0.3, 0.1, 0.2], "wall": [9, 9, 9]}
    table = latency.table({"networks": {"a": row}})
    assert table.loc["a"].round(6).to_dict() == {
        "params, M": 2.0,
        "GMAC": 3.0,
        "counted G": 1.0,
        "ms": 200.0,
        "least": 100.0,
        "most": 300.0,
    }


def test_the_kept_measurement_is_of_all_networks_of_tables_i_and_ii():
    kept = latency.read()
    assert set(kept["networks"]) == set(latency.NETWORKS)
    assert {paper.REGISTERED[row.name] for row in paper.table("I") if row.name in paper.REGISTERED} <= set(
        kept["networks"]
    )
    assert {paper.REGISTERED[row.name] + "+rucb" for row in paper.table("II")} <= set(kept["networks"])
    assert kept["size"] == [3, 256, 256] and kept["threads"] == 1


@pytest.mark.parametrize(
    "label",
    [pytest.param(label, marks=() if label == "acm" else pytest.mark.slow) for label in latency.NETWORKS],
)
def test_the_kept_counts_are_those_of_the_code(label):
    name, settings = latency.NETWORKS[label]
    kept = latency.read()["networks"][label]
    with torch.device("meta"):
        network = rrca.build(name, **settings).eval()
    assert kept["settings"] == settings
    assert vars(rrca.count(network)) == {key: kept[key] for key in ("params", "macs", "paper_flops")}
