"""Refusals: each has a stable code for a machine and a sentence for a person.

Raised by services, translated once at the edge (`portal.shared.http`) into a message or a problem+json document.
"""

from portal.shared.sentences import Sentence


class RuleViolation(Exception):
    """The portal refuses what was asked. `code` is stable; `facts` are safe to show to the asker.

    A sentence is English with places for the facts, as in "{number} is late."; `sentence` tells it in the language of
    whoever is refused, `said` keeps it for readers of other languages.
    """

    code = "RULE_VIOLATION"
    status = 422
    sentence = "This is not possible."

    def __init__(self, sentence: str | Sentence = "", *, code: str = "", **facts):
        self.code = code or self.code
        self.facts = facts
        self.said = Sentence.of(sentence or self.sentence, facts)
        self.sentence = str(self.said)
        super().__init__(self.sentence)


class NotFound(RuleViolation):
    """It does not exist, or is none of the asker's business: one answer for both."""

    code, status = "NOT_FOUND", 404
    sentence = "There is nothing here that you can see."


class Forbidden(RuleViolation):
    """The asker may see it but may not do this to it."""

    code, status = "FORBIDDEN", 403
    sentence = "Your role does not permit this."


class SecondFactorRequired(Forbidden):
    code = "SECOND_FACTOR_REQUIRED"
    sentence = "Set up a second factor before you approve or pay."


class OwnWork(Forbidden):
    """Maker is never checker."""

    code = "OWN_WORK"
    sentence = "You made this, so somebody else has to approve it."


class InvalidTransition(RuleViolation):
    code, status = "INVALID_TRANSITION", 409
    sentence = "{thing} is {current}, so it cannot become {wanted}."


class Stale(RuleViolation):
    """What the asker saw is no longer what there is."""

    code, status = "STALE", 409
    sentence = "This has changed since you opened it. Look again before you decide."


class InvalidInput(RuleViolation):
    code, status = "INVALID_INPUT", 422
    sentence = "The input is not valid."


class Misshapen(InvalidInput):
    """The body does not have the shape that is asked for: nothing was tried, and its key is free for a better one."""


class TooLarge(InvalidInput):
    code, status = "TOO_LARGE", 413
    sentence = "The document is larger than {limit_megabytes} MB."


class IdempotencyConflict(RuleViolation):
    code = "IDEMPOTENCY_KEY_REUSED"
    sentence = "This idempotency key was used before with another request."


class IdempotencyInFlight(RuleViolation):
    code, status = "IDEMPOTENCY_KEY_IN_FLIGHT", 409
    wait = 1
    sentence = "A request with this idempotency key is being worked on."


class RateLimited(RuleViolation):
    """Asked too often. `wait` is in seconds."""

    code, status = "RATE_LIMITED", 429
    sentence = "Too many requests. Nothing was done: come back in {wait} s."

    def __init__(self, *, wait: int):
        super().__init__(wait=wait)
        self.wait = wait
