"""The exercises of notebook 08 speak in three voices, and their expectations agree with the package."""

import pytest
from three_voices import assert_three_voices

from rrca import checks
from rrca.studies import channels, efficiency

IOU = {"a": 70.0, "b": 72.0, "c": 71.0, "d": 75.0}
WORK = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 9.0}
PARAMS = {"a": 3.0, "b": 2.0, "c": 1.0, "d": 9.0}


def stub(*given):
    raise NotImplementedError


EXERCISES = {
    "kernel_cost": (
        checks.kernel_cost,
        (),
        stub,
        lambda c, side: (9 * c * c, 9 * c * c * side**2),
        [
            (lambda c, side: (c * c, c * c * side**2), "nine weights"),
            (lambda c, side: (9 * c, 9 * c * side**2), "every input channel"),
            (lambda c, side: (9 * c * c + c, (9 * c * c + c) * side**2), "bias out"),
            (lambda c, side: (9 * c * c, 9 * c * c * side), "side · side places"),
            (lambda c, side: (1, 1), "weights: 9"),
        ],
    ),
    "fewest_seeds": (
        checks.fewest_seeds,
        (),
        stub,
        channels.seeds_needed,
        [
            (lambda difference, sd: channels.seeds_needed(difference, sd) - 1, "narrower"),
            (lambda difference, sd: 1000, "count n up"),
        ],
    ),
    "front_by_work": (
        checks.front_by_work,
        (IOU, WORK, PARAMS),
        None,
        ["a", "b", "d"],
        [
            ({"e"}, "names as in the table"),
            ({"b", "c", "d"}, "by parameters"),
            ({"d"}, "the best row"),
            ({"a", "b"}, "there are more"),
            ({"a", "b", "c", "d"}, "too many"),
            ({"b", "c"}, "order the rows"),
        ],
    ),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_three_voices(name):
    check, arguments, *cases = EXERCISES[name]
    assert_three_voices(check, arguments, *cases)


def test_seeds_by_the_wrong_formulas_are_named():
    from scipy import stats

    def fewest(freedom, spread):
        def answer(difference, sd):
            n = 2
            while stats.t.ppf(0.975, freedom(n)) * sd * spread(n) ** 0.5 >= difference:
                n += 1
            return n

        return answer

    assert "known number" in checks.fewest_seeds(fewest(lambda n: n - 1, lambda n: 1 / n)).text
    assert "as many seeds" in checks.fewest_seeds(fewest(lambda n: 2 * n - 2, lambda n: 2 / n)).text
    without_root = fewest(lambda n: n + 25, lambda n: (1 / n + 1 / 27) ** 2)
    assert "root is missing" in checks.fewest_seeds(without_root).text


def test_the_front_agrees_with_the_package():
    table = channels.table_iii()
    given = table["iou"], table["GMAC"], table["params, M"]
    assert checks.front_by_work(efficiency.front(table, "GMAC", "iou"), *given).voice == "correct"
    by_params = efficiency.front(table, "params, M", "iou")
    assert "by parameters" in checks.front_by_work(by_params, *given).text
