"""What can be done with chosen rows: each act is one call of a service per row, in the name of the acting operator."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from portal.shared.access import Actor, permits
from portal.shared.errors import RuleViolation

MOST_CHOSEN = 200
SHOWN_BEFORE = 20
REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done.

    run      (actor, row, now, reason) -> None or a sentence of what became of it; refuses by RuleViolation
    fits     whether it makes sense for this row: its page offers it then
    warning  what it will do, asked before it is done; "" for what harms nobody
    reason   what is asked for the record, in a field of its own
    """

    name: str
    label: str | Promise
    permission: str
    run: Callable[[Actor, Model, datetime, str], str | None]
    fits: Callable[[Model], bool] = lambda row: True
    warning: str | Promise = ""
    reason: str | Promise = ""
    tone: str = ""

    def perform(self, admin, request: HttpRequest, chosen: QuerySet) -> HttpResponse:
        """Called by the admin with the chosen rows; asks first where there is something to warn of."""
        rows = list(chosen[: MOST_CHOSEN + 1])
        if len(rows) > MOST_CHOSEN:
            text = _("At most {n} at a time: narrow the list first. Nothing was done.")
            messages.error(request, text.format(n=MOST_CHOSEN))
        elif (self.warning or self.reason) and not self._is_confirmed(request):
            return self._ask(admin, request, rows)
        else:
            self._do(request, rows)
        return redirect(_following(request))

    def _is_confirmed(self, request: HttpRequest) -> bool:
        return bool(request.POST.get("confirmed")) and (not self.reason or bool(_reason(request)))

    def _ask(self, admin, request: HttpRequest, rows: list[Model]) -> HttpResponse:
        context = admin.admin_site.each_context(request) | {
            "title": self.label,
            "act": self,
            "opts": admin.opts,
            "rows": rows[:SHOWN_BEFORE],
            "more": max(0, len(rows) - SHOWN_BEFORE),
            "chosen": [row.pk for row in rows],
            "checkbox": ACTION_CHECKBOX_NAME,
            "next": _following(request),
            "missing": bool(request.POST.get("confirmed")),
            "reason_length": REASON_LENGTH,
        }
        return TemplateResponse(request, "backoffice/confirm.html", context)

    def _do(self, request: HttpRequest, rows: list[Model]) -> None:
        refused, said, done, now = Counter(), Counter(), 0, timezone.now()
        for row in rows:
            try:
                sentence = self.run(request.actor, row, now, _reason(request))
            except RuleViolation as refusal:
                refused[refusal.sentence] += 1
            else:
                done += 1
                said.update([sentence] if sentence else [])
        if done:
            text = _("{act}: done for {n}.").format(act=self.label, n=done)
            messages.success(request, " ".join([text, *map(_times, said.items())]))
        if refused:
            text = _("{act}: refused for {n}, where nothing was changed.").format(act=self.label, n=refused.total())
            messages.error(request, " ".join([text, *map(_times, refused.items())]))


def permitted(acts: Iterable[Act], actor: Actor) -> list[Act]:
    return [act for act in acts if permits(actor, act.permission)]


def _times(counted: tuple[str, int]) -> str:
    sentence, times = counted
    return sentence if times == 1 else _("{sentence} ({n} times)").format(sentence=sentence, n=times)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:REASON_LENGTH]


def _following(request: HttpRequest) -> str:
    """Where the act was asked for: the row's page, or the list as it was narrowed."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if safe else request.get_full_path()
