"""How a person enters: what allauth leaves to us."""

from allauth.account.adapter import DefaultAccountAdapter
from django.utils.translation import get_language


class Entering(DefaultAccountAdapter):
    def save_user(self, request, user, form, commit=True):
        """Whoever signs up is written to in the language in which it read the page."""
        user.language = get_language() or ""
        return super().save_user(request, user, form, commit)
