"""The person: its name and roles, and the browsers in which it is signed in."""

from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.parties.freshness import require_on_page
from accounts.parties.services import call_oneself
from portal.shared.errors import NotFound
from portal.workspaces.account.browsers import HELD_IN_HAND, known
from portal.workspaces.account.forms import ProfileForm


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Posted to, it changes the name."""
    form = ProfileForm(request.POST or None, initial={"full_name": request.user.full_name})
    if request.method == "POST" and form.is_valid():
        call_oneself(user=request.user, full_name=form.cleaned_data["full_name"])
        messages.success(request, _("Saved."))
        return redirect("account_profile")
    context = {"form": form, "memberships": request.memberships}
    return render(request, "account_area/profile.html", context, status=422 if form.errors else 200)


class Sessions(ListUserSessionsView):
    """Where the person is signed in; posted to, all browsers but this one are signed out.

    A stolen session must not end that of its owner: whoever ends one confirms first who it is.
    """

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        require_on_page(request)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs) -> dict:
        context = super().get_context_data(**kwargs)
        return context | {"browsers": [(each, *_in_words(each.user_agent)) for each in reversed(context["sessions"])]}


def _in_words(user_agent: str) -> tuple[str, str]:
    """Name and icon of a browser."""
    browser, system = known(user_agent)
    drawn = "device-mobile" if system in HELD_IN_HAND else "device-desktop"
    if browser and system:
        return _("{browser} on {system}").format(browser=browser, system=system), drawn
    return browser or system or _("A browser that does not say what it is"), drawn


@login_required
@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """Sign one browser of the person's out; this one is left by signing out."""
    require_on_page(request)
    number = request.POST.get("session", "")
    own = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    found = own.filter(id=int(number)).first() if number.isascii() and number.isdecimal() and len(number) < 19 else None
    if found is None:
        raise NotFound()
    found.end()
    messages.success(request, _("That browser is signed out."))
    return redirect("usersessions_list")
