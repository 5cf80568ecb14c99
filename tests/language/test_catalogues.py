"""Everything that the sources say to people is translated, with the same places in it."""

import re

import pytest
from django.apps import apps
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils import translation

from accounts.intake.models import Document
from portal.shared.errors import InvalidInput, InvalidTransition
from portal.shared.fields import SentenceField
from portal.shared.sentences import Sentence, Sentences, kept, told
from portal.shared.workflow import Lifecycle
from portal.ui import messages
from portal.ui.states import state

LANGUAGE = "zh_Hans"


@pytest.fixture(scope="module")
def catalogue():
    return messages.catalogue(LANGUAGE)


def test_every_message_of_the_sources_is_translated(catalogue):
    missing = [
        text
        for (context, text), _many in messages.wanted().items()
        if (found := catalogue.get(text, context=context)) is None or not all(_texts(found.string))
    ]
    assert missing == [], "take them in with `make messages`, and translate them"


def test_no_sentence_is_put_together_before_it_could_be_translated():
    assert [f"{each.file}:{each.line}" for each in messages.untranslatable()] == []


def test_no_translation_is_a_guess(catalogue):
    assert [message.id for message in catalogue if message.id and message.fuzzy] == []


def test_translations_have_the_places_of_their_source(catalogue):
    differing = [
        (message.id, message.string)
        for message in catalogue
        if message.id and any(messages.places(one) != _all_places(message.id) for one in _texts(message.string))
    ]
    assert differing == []


def test_templates_can_fill_the_places_of_every_translation(catalogue):
    """A per cent sign that is not doubled there is a broken page, or a sentence in English."""
    for message in catalogue:
        if message.id and any(re.search(r"%\(\w+\)s", one) for one in _texts(message.id)):
            for one in _texts(message.string):
                assert one % dict.fromkeys(_all_places(message.id), "1")


def test_a_refusal_is_worded_for_whoever_is_refused():
    with translation.override("zh-hans"):
        assert InvalidInput("'{name}' is no time zone.", name="Mars").sentence == "“Mars”不是有效的时区。"
        told_so = InvalidTransition(thing="Receivable", current="SETTLED", wanted="ACCEPTED").sentence
    assert "已结算" in told_so and "已确认" in told_so
    assert InvalidInput("'{name}' is no time zone.", name="Mars").sentence == "'Mars' is no time zone."


def test_whatever_moves_from_state_to_state_has_a_name_in_every_language(catalogue):
    moving = {model._meta.verbose_name.capitalize() for model in apps.get_models() if issubclass(model, Lifecycle)}
    assert [name for name in sorted(moving) if catalogue.get(name) is None] == []


def test_a_state_has_another_word_where_it_is_another_things():
    with translation.override("zh-hans"):
        assert str(state("ACCEPTED").label) == "已确认"
        assert str(state("ACCEPTED", of="document").label) == "已录入" == str(Document.Outcome.ACCEPTED.label)
        assert str(state("ACCEPTED", of="payment").label) == "银行已接受"
    assert {str(state("ACCEPTED", of=thing).label) for thing in ("", "document", "payment")} == {"Accepted"}


def test_what_was_kept_in_one_language_is_read_in_another():
    field = SentenceField()
    notes = Sentences([Sentence("Line {number}: the goods have not been received.", number="3"), Sentence("Empty.")])
    read = field.to_python(field.get_prep_value(notes))
    assert str(read) == "Line 3: the goods have not been received. Empty."
    with translation.override("zh-hans"):
        assert str(read) == "第 3 行：货物尚未收到。Empty."
    assert str(told(kept(Sentence("plain")))) == "plain"


def test_labels_of_choices_follow_the_reader():
    with translation.override("zh-hans"):
        assert str(Document.Kind.TRADE_HISTORY.label) == "交易历史"
    assert str(Document.Kind.TRADE_HISTORY.label) == "Trade History"


def test_the_hints_of_passwords_speak_to_the_reader_as_our_pages_do():
    with translation.override("zh-hans"):
        hints = password_validators_help_texts()
    assert hints == [
        "密码不能与您的其他个人信息过于相似。", "密码至少须包含 12 个字符。", "密码不能是常见密码。",
        "密码不能由本门户或本行业的词语组成。", "密码不能出现在任何被盗密码名单中。",
    ]  # fmt: skip


def _texts(string) -> tuple:
    return string if isinstance(string, tuple | list) else (string,)


def _all_places(text) -> set[str]:
    return set().union(*(messages.places(each) for each in _texts(text)))
