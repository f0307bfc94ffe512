"""The closing exercises of notebook 06 in three voices; their sums agree with the network itself."""

import numpy as np
import pytest
from three_voices import assert_three_voices

import rrca
from rrca import checks
from rrca.studies.ledger import sums


def stub(*given):
    raise NotImplementedError


def worst(losses, k):
    return np.argsort(losses, axis=None)[::-1][: int(losses.size * k / 100)]


def target_share(losses, mask, k):
    kept = worst(losses, k)
    return losses.flat[kept][mask.flat[kept]].sum() / losses.flat[kept].sum()


def best(losses, mask, k):
    kept = np.argsort(losses, axis=None)[: int(losses.size * k / 100)]
    return losses.flat[kept][mask.flat[kept]].sum() / losses.flat[kept].sum()


def of_each(losses, mask, k):
    targets, sky = (np.sort(losses[where])[::-1] for where in (mask, ~mask))
    targets, sky = targets[: max(1, int(targets.size * k / 100))], sky[: int(sky.size * k / 100)]
    return targets.sum() / (targets.sum() + sky.sum())


# check, unsolved, right, typical mistakes with a word of their hint
EXERCISES = {
    "shared_and_owned": (
        checks.shared_and_owned,
        None,
        (173_296, 8496),
        [
            ((8496, 173_296), "comes first"),
            ((202_249, 8496), "whole network"),
            ((3 * 173_296, 8496), "exist once"),
            ((173_296, 3 * 8496), "a third of it"),
            ((173_296, 9136), "widen the tail"),
            ((173_296, 8496 - 992), "one kind is missing"),
            ((173_296, 0), "what is shared is right"),
            ((1, 8496), "what a pass owns is right"),
            ((1, 2), "table by kind"),
        ],
    ),
    "one_more_pass": (
        checks.one_more_pass,
        None,
        (100 * 9136 / 202_249, 100 * 0.709 / 2.218),
        [
            ((32.0, 4.5), "parameters first"),
            ((4.5, 10.6), "paper's count"),
            ((0.045, 0.32), "per cent"),
            ((9136, 709), "divide"),
            ((0, 32.0), "wider tail"),
            ((4.5, 50.0), "parameters are right"),
            ((1.0, 1.0), "(new − old) / old"),
        ],
    ),
    "target_share": (
        checks.target_share,
        stub,
        target_share,
        [
            (lambda losses, mask, k: losses[mask].sum() / losses.sum(), "among all pixels"),
            (lambda losses, mask, k: mask.flat[worst(losses, k)].mean(), "sum their losses"),
            (
                lambda losses, mask, k: target_share(losses, mask, 100 * k / losses.size),
                "not their number",
            ),
            (of_each, "rank all pixels together"),
            (best, "keep the largest"),
            (lambda *given: 100 * target_share(*given), "from 0 to 1"),
            (
                lambda losses, mask, k: losses[mask].sum() / losses.flat[worst(losses, k)].sum(),
                "only what is kept counts",
            ),
            (lambda *given: 0.5, "sort all losses"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, *cases = EXERCISES[name]
    assert_three_voices(check, (), *cases)


@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_of_the_wrong_kind_gets_a_hint_and_no_traceback(name):
    for wrong in ("many", (0.1,)):
        given = (lambda *_, wrong=wrong: wrong) if name == "target_share" else wrong
        assert EXERCISES[name][0](given).voice == "hint"


def test_the_ledger_finds_what_the_check_works_out_by_hand():
    table = sums(rrca.build("rrcanet-resnet18", iterations=2), "run in")
    own = int(table["pass 1"])
    assert table["every pass"] == 173_296 and own == 8496
    assert checks.shared_and_owned((table["every pass"], own)).voice == "correct"


def test_count_finds_what_one_more_pass_costs():
    two, three = (rrca.count(rrca.build("rrcanet-resnet18", iterations=n)) for n in (2, 3))
    answer = [100 * (getattr(three, what) / getattr(two, what) - 1) for what in ("params", "macs")]
    assert checks.one_more_pass(answer).voice == "correct"
    printed = 100 * (three.paper_flops / two.paper_flops - 1)
    assert "paper's count" in checks.one_more_pass((answer[0], printed)).text


def test_insights_quote_what_is_counted():
    assert "4.5 % more parameters and 32 % more work" in checks.one_more_pass((4.52, 32.0)).text
    assert "18 % of the whole loss, 69 %" in checks.target_share(target_share).text
