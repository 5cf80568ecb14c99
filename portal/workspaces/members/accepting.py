"""The page to which an invitation's letter leads."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.parties import inviting
from portal.middleware import SESSION_PARTY
from portal.shared.errors import RuleViolation

SESSION_LETTER = "letter"
"""Of the invitation that was opened before signing in: who confirms an address first is led elsewhere."""


@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever is signed out is led to sign in or up first, and comes back: the session keeps the way."""
    now = timezone.now()
    try:
        invitation = inviting.standing(token=token, now=now)
        if request.method == "POST" and request.user.is_authenticated:
            member = inviting.accept(user=request.user, token=token, now=now)
            request.session[SESSION_PARTY] = member.party_id
            messages.success(request, _("You now act for {party}.").format(party=member.party))
            return redirect("home")
    except RuleViolation as refusal:
        return render(request, "members/invalid.html", {"refusal": refusal}, status=refusal.status)
    if not request.user.is_authenticated:
        request.session[SESSION_LETTER] = token
    elif not inviting.is_for(request.user, invitation):
        return render(request, "members/another.html", status=403)
    return render(request, "members/invitation.html", {"invitation": invitation})
