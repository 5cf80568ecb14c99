"""The waterfall's drawing: every bar stands where the sum before it ended."""

from portal.ui.charts import Step, waterfall


def test_a_deduction_hangs_from_the_sum_before_it():
    total, minus, rest = waterfall([Step("a", 1000, total=True), Step("b", -250), Step("c", 750, total=True)])
    assert (total.x, total.width, total.before, total.after, total.tone) == (0, 1000, None, 1000, "total")
    assert (minus.x, minus.width, minus.before, minus.after, minus.tone) == (750, 250, 1000, 750, "minus")
    assert (rest.x, rest.width, rest.before) == (0, 750, 750)


def test_what_falls_below_zero_is_drawn_left_of_it():
    total, minus = waterfall([Step("a", 100, total=True), Step("b", -300)])
    assert (total.x, total.width) == (667, 333)
    assert (minus.x, minus.width, minus.after) == (0, 1000, 0)


def test_a_step_too_small_to_see_is_still_drawn():
    _, tiny = waterfall([Step("a", 10_000_000, total=True), Step("b", -1)])
    assert (tiny.x, tiny.width) == (996, 4)


def test_nothing_at_all_is_drawn_as_nothing():
    assert waterfall([]) == []
    assert [bar.width for bar in waterfall([{"label": "a", "amount_minor": 0, "total": True}])] == [0]
