"""What a mail of notices says: in the words of its reader, and no more than the reader may see."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.core import signing
from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.notices.models import Mailing, Notice, Preferences
from accounts.notices.queries import Shown, in_words
from accounts.notices.rules import DAILY
from accounts.parties.models import Membership
from portal.shared.mail import Letter, Line, absolute

LINES_AT_MOST = 25
OFF = signing.Signer(salt="notices.off")


@dataclass(frozen=True, slots=True)
class Post:
    """A mail that is to be sent; its letter is written in the language and zone of the moment."""

    mailing: Mailing
    notices: Sequence[Notice]
    discreet: bool

    def letter(self) -> Letter:
        shown = in_words(self.mailing.party.kind, self.notices)
        write = _discreet if self.discreet else _one if len(shown) == 1 else _many
        subject, body = write(self.mailing, shown)
        topics = sorted({each.notice.topic for each in shown})
        return Letter(
            subject=subject,
            pretitle="" if self.discreet else self.mailing.party.name,
            why=_("You act for {party} and chose to be told by mail.").format(party=self.mailing.party.name),
            settings_url=absolute(reverse("notice_preferences")),
            unsubscribe_url=absolute(reverse("notices_off", args=[off_token(self.mailing.user_id, topics)])),
            **body,
        )


def posts(mailing_ids: Sequence[int]) -> tuple[list[Post], list[int]]:
    """Mails to send, and ids of those that are not sent: read meanwhile, or nobody's business any more.

    The number of statements does not depend on the number of mails.
    """
    unread = Prefetch("notices", Notice.objects.unread().with_events().order_by("id"), "to_tell")
    rows = Mailing.objects.filter(id__in=mailing_ids, state=Mailing.State.WAITING)
    mailings = list(rows.select_related("user", "party").prefetch_related(unread).order_by("id"))
    people = [each.user_id for each in mailings]
    active = Membership.objects.filter(user_id__in=people, ended_at=None, user__is_active=True)
    members = set(active.values_list("user_id", "party_id"))
    discreet = set(Preferences.objects.filter(user_id__in=people, discreet=True).values_list("user_id", flat=True))
    to_send = [
        Post(each, each.to_tell, each.user_id in discreet)
        for each in mailings
        if each.to_tell and (each.user_id, each.party_id) in members
    ]
    kept = {post.mailing.id for post in to_send}
    return to_send, [each.id for each in mailings if each.id not in kept]


def _one(mailing: Mailing, shown: list[Shown]) -> tuple[str, dict]:
    words = shown[0].words
    event = shown[0].notice.event
    return words.sentence, {
        "lines": (Line(words.detail or shown[0].topic, at=event.recorded_at),),
        "action": _("Open in Portolan"),
        "url": absolute(words.path or reverse("notices")),
    }


def _many(mailing: Mailing, shown: list[Shown]) -> tuple[str, dict]:
    count = len(shown)
    if mailing.cadence == DAILY:
        subject = ngettext(
            "{count} notice for {party} since yesterday", "{count} notices for {party} since yesterday", count
        )
    else:
        subject = ngettext("{count} notice for {party}", "{count} notices for {party}", count)
    newest = shown[::-1][:LINES_AT_MOST]
    more = count - len(newest)
    left = ngettext("{count} more is in Portolan.", "{count} more are in Portolan.", more).format(count=more)
    return subject.format(count=count, party=mailing.party.name), {
        "lines": tuple(_line(each) for each in newest),
        "action": _("All notices"),
        "url": absolute(reverse("notices")),
        "after": (left,) if more else (),
    }


def _line(shown: Shown) -> Line:
    words, event = shown.words, shown.notice.event
    return Line(words.sentence, absolute(words.path) if words.path else "", event.recorded_at, words.detail)


def _discreet(mailing: Mailing, shown: list[Shown]) -> tuple[str, dict]:
    """How many of which topic, and nothing that names anybody or any amount."""
    counted = Counter(each.topic for each in shown)
    lines = tuple(Line(_("{topic}: {count}").format(topic=topic, count=count)) for topic, count in counted.items())
    body = {"lines": lines, "action": _("Read in Portolan"), "url": absolute(reverse("notices"))}
    return _("There is news in Portolan"), body


def off_token(user_id: int, topics: Sequence[str]) -> str:
    """What a mail carries, so that its reader can turn its topics off: signed, and good for nothing else."""
    return OFF.sign_object([user_id, *topics])


def read_off_token(token: str) -> tuple[int, list[str]]:
    """The person and the topics of a token. Raises signing.BadSignature."""
    user_id, *topics = OFF.unsign_object(token)
    return user_id, topics
