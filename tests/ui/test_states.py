"""Every state of every model has a tone and a word of its own."""

import pytest
from django.apps import apps
from django.conf import settings

from portal.ui.icons import shapes
from portal.ui.states import STATES, TONE_ICONS, state


def model_states():
    for model in apps.get_models():
        for name in ("Status", "State", "Outcome"):
            for code in getattr(model, name, None) or ():
                if model.__module__.split(".")[0] in {"accounts", "financing", "logistics"}:
                    yield f"{model.__name__}.{code}", str(code.value)


@pytest.mark.parametrize("code", sorted({code for _, code in model_states()}))
def test_a_state_of_a_model_is_in_the_table(code):
    assert code in STATES


def test_a_state_that_the_table_lacks_is_neutral_and_readable():
    found = state("HALF_DONE")
    assert (found.tone, found.label) == ("neutral", "Half done")


@pytest.mark.skipif(not (settings.BASE_DIR / "node_modules").is_dir(), reason="the browser assets are not installed")
@pytest.mark.parametrize("name", sorted(TONE_ICONS.values()))
def test_each_tone_has_an_icon(name):
    assert shapes(name).startswith("<")
