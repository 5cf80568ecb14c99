"""How a person enters: what allauth leaves to us."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
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
        familiar.greet(request, response, user.email)
        return response

    def pre_authenticate(self, request: HttpRequest, **credentials) -> None:
        """Refuse a try unseen where there were too many before it; what is refused so counts for nobody.

        Wrong ones are counted by account and by address, as whoever guesses may have many of either: but those of a
        browser that was let in before by itself, or whoever shares its address could shut it out. All of an account's
        are counted, too: a right one costs as much work. The address comes first, so that made-up names leave few rows.
        """
        key = self._get_login_attempts_cache_key(request, **credentials)
        limits = ["login_address", "login_failed", "login_account"]
        if familiar.counted_as(request, credentials.get("email", "")):
            limits.remove("login_address")
        self._login_failed_rl_usage = failed = ratelimit.RateLimitUsage([])
        for limit in limits:
            usage = ratelimit.consume(request, app="allauth.account", action=limit, key=key)
            if usage is None:
                failed.rollback()
                raise self.validation_error("too_many_login_attempts")
            if limit != "login_account":
                failed.usage += usage.usage  # given back where it was the right password

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials) -> str:
        """Wrong passwords are counted by account, and of a browser that was let in before by that browser."""
        counted = super()._get_login_attempts_cache_key(request, **credentials)
        return counted + familiar.counted_as(request, credentials.get("email", ""))
