"""The acting party's events: everything that it may know, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.trail.models import Event
from portal.workspaces.access import for_kinds
from portal.workspaces.sentences import SENTENCES, tell

PAGE = 50


@for_kinds()
def events(request: HttpRequest) -> HttpResponse:
    """`?before=ID` pages back; `?about=noun` keeps to events of one kind of subject ("advance", "receivable", …)."""
    rows = Event.objects.visible_to(request.actor).order_by("-id")
    about, before = request.GET.get("about", ""), request.GET.get("before", "")
    nouns = sorted({name.split(".")[0] for name in SENTENCES})
    if about in nouns:
        rows = rows.filter(name__startswith=f"{about}.")
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    found = list(rows[: PAGE + 1])
    context = {
        "happenings": tell(request.actor, found[:PAGE]),
        "about": about,
        "nouns": nouns,
        "older": found[PAGE - 1].id if len(found) > PAGE else None,
    }
    return render(request, "events/list.html", context)
