"""What every page knows: who acts, for whom else they could, and where they can go."""

from functools import cache, partial

from django.conf import settings
from django.http import HttpRequest

from accounts.notices.queries import unread_count
from portal.shared.access import permits
from portal.workspaces import navigation


def workspace(request: HttpRequest) -> dict:
    actor = getattr(request, "actor", None)
    own_pages = partial(navigation.of_account, request.path)
    if actor is None:
        return {"actor": None, "navigation": [], "parties": [], "own_pages": own_pages}
    parties = {member.party_id: member.party for member in request.memberships}
    return {
        "actor": actor,
        "party": request.party,
        "party_name": request.party.name,
        "parties": list(parties.values()),
        "may_manage_members": permits(actor, "parties.manage_members"),
        "may_manage_clients": permits(actor, "clients.manage"),
        # Counted when a template asks for it, and once.
        "unread_notices": cache(partial(unread_count, actor)),
        "navigation": navigation.items(actor.party_kind, request.path),
        "own_pages": own_pages,
        "idle_seconds": settings.SESSION_IDLE_SECONDS,
    }
