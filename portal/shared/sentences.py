"""Sentences for people: an English template with its facts, worded in the language of whoever reads it.

What is stored is worded on reading (`kept` and `told` for JSON, `portal.shared.fields.SentenceField` for a column), so
that what was refused in one language can be read in another. Pure: the portal names its translator at start
(`worded_by`); without one, as in the sandbox bank, sentences are English.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import reduce
from typing import Any

STATES_SAID = frozenset({"state", "current", "wanted"})
"""Facts that hold a state's code: a sentence tells the state's word."""

MOMENTS_SAID = frozenset(
    {"date", "business_date", "to_date", "last_date", "effective_from", "on", "until", "valid_until"}
)
"""Facts that hold a day or an instant of ours: a sentence on a page tells it as its reader writes it."""

_translate: Callable[[str], str] = str
_state_word: Callable[[str], str] = str
_moment: Callable[[str], str] = str
_of_api: ContextVar[bool] = ContextVar("of_api", default=False)


def worded_by(
    translate: Callable[[str], str], state_word: Callable[[str], str], moment: Callable[[str], str] = str
) -> None:
    """From now on templates go through `translate`, codes of states through `state_word`, and what ISO 8601 writes of
    days and instants through `moment`."""
    global _translate, _state_word, _moment
    _translate, _state_word, _moment = translate, state_word, moment


@contextmanager
def in_api(is_so: bool) -> Iterator[None]:
    """A context in which sentences leave days and instants as ISO 8601 writes them, as the API's facts do."""
    before = _of_api.set(is_so)
    try:
        yield
    finally:
        _of_api.reset(before)


class Sentence:
    """`text` with places as in "{number} is late."; str() gives it in the reader's language, with its facts."""

    __slots__ = ("facts", "text")

    def __init__(self, text: str, /, **facts: Any):
        self.text, self.facts = text, {name: _plain(fact) for name, fact in facts.items()}

    @classmethod
    def of(cls, said: "str | Sentence", facts: dict[str, Any]) -> "Sentence":
        """What is a sentence already, or one of this template and these facts."""
        return said if isinstance(said, Sentence) else cls(str(said), **facts)

    def __str__(self) -> str:
        if not self.text:
            return ""
        worded = _translate(self.text)
        if not self.facts:
            return worded
        try:
            return worded.format(**{name: _told(name, fact) for name, fact in self.facts.items()})
        except (LookupError, ValueError, AttributeError):
            return worded  # a text that somebody wrote, with braces of its own

    def __repr__(self) -> str:
        return f"Sentence({self.text!r}, {self.facts!r})"

    def __bool__(self) -> bool:
        return bool(self.text)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, str | Sentence) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


class Sentences(tuple):
    """Several sentences that are read as one text."""

    __slots__ = ()

    def __str__(self) -> str:
        pair = _translate("{one} {two}")  # languages part their sentences in different ways
        return reduce(lambda one, two: pair.format(one=one, two=two), map(str, self)) if self else ""

    def __eq__(self, other: object) -> bool:
        return str(self) == other if isinstance(other, str) else super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()


Said = Sentence | Sentences | str


def kept(said: Said | Iterable[Said]) -> Any:
    """As JSON data: a text without facts as it is, else its template and facts."""
    if isinstance(said, Sentence):
        facts = {name: kept(fact) for name, fact in said.facts.items()}
        return {"text": said.text, "facts": facts} if facts else said.text
    return [kept(each) for each in said] if isinstance(said, list | tuple) else said


def told(data: Any) -> Any:
    """What `kept` gave, as sentences again."""
    if isinstance(data, dict) and data.keys() == {"text", "facts"}:
        return Sentence(data["text"], **{name: _fact(fact) for name, fact in data["facts"].items()})
    if isinstance(data, list):
        return Sentences(told(each) for each in data)
    return Sentence(data) if isinstance(data, str) else data


def _fact(data: Any) -> Any:
    return told(data) if isinstance(data, dict) else data


def _plain(fact: Any) -> Any:
    """As it can be kept: what is no number, text or sentence (decimals, days) as its text."""
    return fact if isinstance(fact, str | int | Sentence | list | tuple) else str(fact)


def _told(name: str, fact: Any) -> Any:
    if isinstance(fact, list | tuple):
        return ", ".join(str(each) for each in fact)
    if name == "thing":
        return _translate(fact)
    if name in MOMENTS_SAID and isinstance(fact, str) and not _of_api.get():
        return _moment(fact)
    return _state_word(fact) if name in STATES_SAID and isinstance(fact, str) else fact
