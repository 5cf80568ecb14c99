"""The palette (Ctrl-K): pages, deeds and everything that can be found, as one types."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from portal.workspaces.access import for_kinds
from portal.workspaces.search import deeds, queries


@for_kinds()
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """`?q=`; asked by the palette's script it answers the list alone, else a page of its own."""
    text = request.GET.get("q", "").strip()[:80]
    sections = [
        (_("Pages"), deeds.fitting(deeds.pages(request), text)),
        (_("Do"), deeds.fitting(deeds.deeds(request), text) + deeds.other_parties(request, text)),
    ]
    context = {
        "query": text,
        "groups": queries.search(request.actor, text),
        "sections": [(label, found) for label, found in sections if found],
    }
    context["count"] = sum(len(group.hits) for group in context["groups"]) + sum(len(f) for _l, f in sections)
    partial = request.headers.get("X-Palette") == "1"
    return render(request, "components/palette_results.html" if partial else "search.html", context)
