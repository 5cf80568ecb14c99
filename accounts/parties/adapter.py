"""How a person enters: what allauth leaves to us."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from accounts.parties import familiar


class Entering(DefaultAccountAdapter):
    def save_user(self, request, user, form, commit=True):
        """Whoever signs up is written to in the language in which it read the page."""
        user.language = get_language() or ""
        return super().save_user(request, user, form, commit)

    def post_login(self, request: HttpRequest, user, **kwargs) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        familiar.greet(response, user.email)
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials) -> str:
        """Wrong passwords are counted by account, and of a browser that was let in before by that browser."""
        counted = super()._get_login_attempts_cache_key(request, **credentials)
        return counted + familiar.counted_as(request, credentials.get("email", ""))
