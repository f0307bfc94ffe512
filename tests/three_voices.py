"""What every exercise's check is held to, in one place."""


def assert_three_voices(check, arguments, unsolved, right, mistakes):
    """*Not yet* for the stub, *correct* for the solution, for each typical mistake the hint that has its word.

    And a hint, without a traceback, for an answer of the wrong kind.
    """
    assert check(unsolved, *arguments).voice == "not yet"
    verdict = check(right, *arguments)
    assert verdict.voice == "correct" and str(verdict).startswith("✓ correct: "), verdict
    for mistake, word in mistakes:
        verdict = check(mistake, *arguments)
        assert verdict.voice == "hint" and word in verdict.text, (mistake, verdict)
    wrong = (lambda *given: "many") if callable(unsolved) else "many"
    assert check(wrong, *arguments).voice == "hint"
