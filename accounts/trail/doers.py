"""Who did something, by name. Names are told to the party that they act for: who acts for another is its affair."""

from collections.abc import Iterable

from allauth.idp.oidc.models import Client
from django.contrib.auth import get_user_model

from accounts.trail.models import Event
from portal.shared.access import Actor

PERSON, MACHINE = "user", "client"


def named(*identities: str | None) -> dict[str, str]:
    """Name by identity ("user:7", "client:ab12") of people and machines; one that is no more has none."""
    keys: dict[str, set[str]] = {PERSON: set(), MACHINE: set()}
    for identity in identities:
        kind, _, key = (identity or "").partition(":")
        if kind in keys:
            keys[kind].add(key)
    found = {}
    if people := {int(each) for each in keys[PERSON] if each.isdigit()}:
        found |= {f"{PERSON}:{user.pk}": str(user) for user in get_user_model().objects.filter(pk__in=people)}
    if keys[MACHINE]:
        machines = Client.objects.filter(pk__in=keys[MACHINE]).values_list("pk", "name")
        found |= {f"{MACHINE}:{key}": name for key, name in machines}
    return found


def is_ours(actor: Actor, event: Event) -> bool:
    return event.actor_party_id is not None and event.actor_party_id == actor.party_id


def of_ours(actor: Actor, events: Iterable[Event]) -> dict[str, str]:
    """Names of those who did, for the acting party, what it did itself."""
    return named(*{each.doer for each in events if is_ours(actor, each)})
