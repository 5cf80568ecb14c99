from datetime import date

import pytest
from django.utils import translation

from portal.ui.forms import DayInput


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_day_is_written_as_the_browsers_calendar_takes_it_in_every_language(language):
    with translation.override(language):
        shown = DayInput().render("until", date(2026, 3, 2))
    assert 'type="date"' in shown
    assert 'value="2026-03-02"' in shown
