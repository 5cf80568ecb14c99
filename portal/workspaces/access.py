"""Who may open a workspace."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.shared.errors import NotFound


def for_kinds(*kinds: str) -> Callable:
    """A page of parties of these kinds (of any kind, where none is named): strangers sign in, others find nothing."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if request.actor is None:
                return redirect("home")
            if kinds and request.actor.party_kind not in kinds:
                raise NotFound()
            return view(request, *args, **kwargs)

        return guarded

    return decorate
