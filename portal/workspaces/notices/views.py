"""The notice centre: what a person was told in the party it acts for, and what it wants to have mailed."""

from collections.abc import Sequence
from dataclasses import replace

from django.contrib.auth.decorators import login_required
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.notices import queries, services
from accounts.notices.letters import read_off_token
from accounts.notices.models import Cadence, Notice
from accounts.notices.queries import table
from portal.shared.access import Actor
from portal.shared.errors import NotFound
from portal.workspaces import sentences
from portal.workspaces.access import for_kinds

PAGE, LATEST = 50, 6
CADENCES = {
    Cadence.AT_ONCE: _("At once"),
    Cadence.DAILY: _("Each morning"),
    Cadence.NEVER: _("No mail"),
}


@for_kinds()
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """`?topic=`, `?unread=1`, `?before=ID` pages back."""
    topics = {topic.code: topic.label for topic in table().topics}
    topic = request.GET.get("topic", "") if request.GET.get("topic") in topics else ""
    unread, before = request.GET.get("unread") == "1", _number(request.GET.get("before", ""))
    rows = list(queries.notices(request.actor, unread=unread, topic=topic, before=before)[: PAGE + 1])
    context = {
        "shown": _in_words(request.actor, rows[:PAGE]),
        "topics": topics.items(),
        "topic": topic,
        "unread": unread,
        "before": before,
        "older": rows[PAGE - 1].id if len(rows) > PAGE else None,
        "newest": rows[0].id if rows else None,
    }
    return render(request, "notices/list.html", context)


def _number(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdecimal() and len(given) <= 18 else None


@for_kinds()
@require_GET
def bell(request: HttpRequest) -> HttpResponse:
    """The count in the frame, for pages that are open while somebody is told something."""
    return render(request, "components/bell_count.html")


@for_kinds()
@require_GET
def latest(request: HttpRequest) -> HttpResponse:
    """What the bell unfolds."""
    rows = list(queries.notices(request.actor)[:LATEST])
    return render(request, "notices/latest.html", {"shown": _in_words(request.actor, rows)})


def _in_words(actor: Actor, rows: Sequence[Notice]) -> list[queries.Shown]:
    """Notices in words, each with the party that it is about where its reader is told of many."""
    shown = queries.in_words(actor.party_kind, rows)
    about = sentences.parties_of(actor, [row.event for row in rows])
    return [
        replace(
            each, words=replace(each.words, detail=sentences.with_party(about, each.notice.event, each.words.detail))
        )
        for each in shown
    ]


@for_kinds()
@require_GET
def open_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Lead to the subject; whoever goes there has read it. A link, so that it can be opened in another window."""
    notice = services.mark_read(actor=request.actor, notice_id=notice_id, now=timezone.now())
    return redirect(table().words(request.actor.party_kind, notice.event).path or "notices")


@for_kinds()
@require_POST
def read(request: HttpRequest, notice_id: int) -> HttpResponse:
    services.mark_read(actor=request.actor, notice_id=notice_id, now=timezone.now())
    return _back(request)


@for_kinds()
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """All of the topic shown, up to the newest on the page: what came meanwhile stays unread."""
    topic, up_to = request.POST.get("topic", ""), _number(request.POST.get("up_to", ""))
    services.mark_all_read(actor=request.actor, now=timezone.now(), topic=topic, up_to=up_to)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    following = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(following, {request.get_host()}, require_https=request.is_secure())
    return redirect(following if is_ours else reverse("notices"))


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Topic by topic: at once, each morning or no mail. What is left as it is usual follows the roles."""
    choices, discreet = queries.choices(request.user.id)
    if request.method == "POST" and request.actor:
        given = {each.topic.code: request.POST.get(each.topic.code, each.cadence) for each in choices}
        changed = {
            each.topic.code: given[each.topic.code] for each in choices if given[each.topic.code] != each.cadence
        }
        if changed or ("discreet" in request.POST) != discreet:
            services.choose(
                actor=request.actor, cadences=changed, discreet="discreet" in request.POST, now=timezone.now()
            )  # fmt: skip
        return redirect(f"{reverse('notice_preferences')}?saved=1")
    context = {"choices": choices, "discreet": discreet, "cadences": CADENCES.items(), "saved": "saved" in request.GET}
    return render(request, "notices/preferences.html", context)


@csrf_exempt  # a mail program posts here, with nobody signed in (RFC 8058); the token says who and what
@require_http_methods(["GET", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """Turn off the topics of a mail: asked first in a browser, done at once where the mail program asks."""
    try:
        user_id, topics = read_off_token(token)
    except BadSignature:
        raise NotFound() from None
    if request.method == "POST":
        services.turn_off(user_id=user_id, topics=topics, now=timezone.now())
    labels = [topic.label for topic in table().topics if topic.code in topics]
    return render(request, "notices/off.html", {"labels": labels, "done": request.method == "POST"})
