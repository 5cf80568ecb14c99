"""The words of the trade on one page, to be looked up and linked to."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.ui.glossary import TERMS


@login_required
@require_GET
def glossary(request: HttpRequest) -> HttpResponse:
    """`?q=` narrows to the terms whose name or text holds it."""
    query = request.GET.get("q", "").strip()[:100]
    wanted = query.casefold()
    terms = [(key, term) for key, term in TERMS.items() if wanted in f"{term.name} {term.text}".casefold()]
    # What is called so comes before what merely speaks of it.
    terms.sort(key=lambda each: (wanted not in str(each[1].name).casefold(), str(each[1].name).casefold()))
    return render(request, "glossary.html", {"terms": terms, "query": query})
