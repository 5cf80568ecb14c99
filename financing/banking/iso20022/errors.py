"""What goes wrong with a message: it cannot be read, or it must not be sent."""

from portal.shared.errors import RuleViolation
from portal.shared.sentences import Sentence


class MessageError(RuleViolation):
    """`code` is stable and for machines, `sentence` is for people."""

    def __init__(self, code: str, sentence: str | Sentence, /, **facts):
        super().__init__(Sentence.of(sentence, facts), code=code)


class UnreadableMessage(MessageError):
    """What was received is hostile, malformed, of another version or incomplete; nothing of it may be used.

    Codes: NOT_XML, DOCTYPE_REFUSED, NOT_ISO20022, WRONG_VERSION, FIELD_MISSING, FIELD_INVALID, AMOUNT_INVALID,
    TOTALS_DIFFER.
    """


class UnsendableMessage(MessageError):
    """A field holds what the standard has no room for: codes FIELD_INVALID and AMOUNT_INVALID."""
