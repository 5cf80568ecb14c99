"""The door of the back office, and the frame around its pages."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csp import csp_override
from unfold.sites import UnfoldAdminSite

from portal.shared.access import permits
from portal.shared.errors import NotFound

# Alpine, which the admin's pages are made of, evaluates attributes as code and sets style attributes. The rest is as
# strict as on the portal's own pages: no inline script, no inline style sheet, nothing from elsewhere.
POLICY = {
    **settings.SECURE_CSP,
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src-attr": [CSP.UNSAFE_INLINE],
}


class BackOffice(UnfoldAdminSite):
    """Whoever acts for the operator enters, by the portal's own sign-in; everybody else finds nothing.

    Not by `is_staff`: the membership is what the operator's administrator gives and ends, and a flag beside it would
    be forgotten when somebody leaves.
    """

    index_title = gettext_lazy("What is stuck")
    index_template = "backoffice/dashboard.html"
    enable_nav_sidebar = True
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        return request.actor is not None and permits(request.actor, "backoffice.view")

    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise NotFound()
            if request.actor.has_second_factor is False:
                messages.warning(request, _("The back office opens with a second factor. Set one up first."))
                return redirect("mfa_index")
            return inner(request, *args, **kwargs)

        return csp_override(POLICY)(guarded)

    def login(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        """There is one sign-in, with its limits and second factor: the portal's."""
        return redirect_to_login(reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        return redirect("account_change_password")

    password_change_done = password_change

    def each_context(self, request: HttpRequest) -> dict:
        """Colours come as a style sheet of our own: unfold would write them into the page."""
        return super().each_context(request) | {"colors": {}}

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> TemplateResponse:
        from portal.backoffice import dashboard

        return super().index(request, {"figures": dashboard.figures(request), **(extra_context or {})})

    def app_index(self, request: HttpRequest, app_label: str, extra_context=None) -> HttpResponse:
        """An app is a division of the code: whoever looks for one finds all lists at the side of the first page."""
        return redirect("admin:index")

    def address(self, model: type[Model] | str, pk: object, view: str = "change") -> str:
        """Address of a row's page; "" where its model has none here."""
        label = model if isinstance(model, str) else model._meta.label_lower
        try:
            return reverse(f"admin:{label.replace('.', '_')}_{view}", args=[pk] if pk is not None else [])
        except NoReverseMatch:
            return ""


site = BackOffice(name="admin")
