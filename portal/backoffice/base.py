"""The page of any model: what can be read, searched, narrowed and exported, and never changed."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin
from unfold.views import ChangeList as UnfoldChangeList

from accounts.trail import doers
from portal.backoffice import export
from portal.backoffice.acts import Act, permitted
from portal.backoffice.columns import column, holds_identity, label
from portal.backoffice.names import named
from portal.backoffice.site import site
from portal.ui.paging import BoundedPaginator

OURS = ("accounts.", "logistics.", "financing.", "portal.")
SECRET = re.compile(r"secret|password|token|hash|digest|key|data|answer|otp|recovery|private")


class Rows(UnfoldChangeList):
    """A page of rows, with what its columns need to know of other tables fetched once for all of them."""

    def get_filters(self, request: HttpRequest) -> tuple:
        specs, *rest = super().get_filters(request)
        for spec in specs:
            spec.title = _(str(spec.title))
        return specs, *rest

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        self.model_admin.furnish(self.result_list)


class ReadOnly(ModelAdmin):
    """Model, columns and filters are declared; the rest is the same everywhere.

    columns    fields of the list, in order; the page of a row shows them all, but `hidden`
    hidden     what nobody may see here: secrets, and content that is fetched where it is kept
    currency   path to the currency of the model's amounts
    refers     number that is no foreign key -> the model it numbers (a floor above)
    retold     fields that the page of a row leaves to its `more_fields`, which say them better
    acts       what can be done with chosen rows, by services
    """

    columns: Sequence[str] = ()
    hidden: Sequence[str] = ()
    currency = "currency"
    refers: dict[str, str] = {}
    retold: Sequence[str] = ()
    acts: Sequence[Act] = ()

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    list_fullwidth = True
    list_filter_submit = True
    list_before_template = "backoffice/narrowed.html"
    change_form_outer_before_template = "backoffice/acts.html"
    change_form_outer_after_template = "backoffice/related.html"
    ordering = ("-pk",)
    actions: Sequence[str] = ()

    # ── who may ─────────────────────────────────────────────────────────────────────────────────────────────────────
    def has_view_permission(self, request: HttpRequest, obj=None) -> bool:
        return self.admin_site.has_permission(request)

    has_module_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What is hidden is not asked for either: a list that is narrowed by a secret's first letters tells it."""
        return lookup.split("__")[0] not in self.hidden and super().lookup_allowed(lookup, value, request)

    # ── what is read ────────────────────────────────────────────────────────────────────────────────────────────────
    @property
    def fields_shown(self) -> list[models.Field]:
        kept = (f for f in self.model._meta.concrete_fields if f.name not in self.hidden)
        return [field for field in kept if not isinstance(field, models.BinaryField)]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows = self.model._default_manager.all()
        if hasattr(rows, "visible_to"):
            rows = rows.visible_to(request.actor)
        unread = [f.name for f in self.model._meta.concrete_fields if f not in self.fields_shown]
        # What a column follows is fetched for all rows of the page at once: the number of statements stays the same.
        return rows.defer(*unread).fetch_mode(models.FETCH_PEERS).order_by(*self.ordering)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            self.furnish([found])
        return found

    def furnish(self, rows: Sequence[models.Model]) -> None:
        """Give rows what their columns show of other tables; a number of statements that no number of rows changes."""
        said = [field.name for field in self.fields_shown if holds_identity(field)]
        names = doers.named(*(getattr(row, name) for row in rows for name in said))
        for row in rows:
            row.doers = names

    # ── how it is shown ─────────────────────────────────────────────────────────────────────────────────────────────
    @cache  # noqa: B019 one for each model, for as long as the process lives
    def column(self, name: str, whole: bool = False) -> Callable | str:
        return name if callable(getattr(type(self), name, None)) else column(self.model, name, self, whole=whole)

    def get_list_display(self, request: HttpRequest) -> list:
        return [self.column(name) for name in self.columns or [f.name for f in self.fields_shown[:8]]]

    def get_fields(self, request: HttpRequest, obj=None) -> list:
        names = [field.name for field in self.fields_shown if field.name not in self.retold]
        if {"subject_type", "subject_id"} <= {*names}:
            names[names.index("subject_type")] = "subject"
            names.remove("subject_id")
        return [self.column(name, True) for name in (*names, *self.more_fields)]

    more_fields: Sequence[str] = ()
    """Methods that the page of a row shows after its fields."""

    get_readonly_fields = get_fields

    def get_form(self, request: HttpRequest, obj=None, change: bool = False, **kwargs) -> type:
        """What explains a field is told in the reader's language; what a number leads to needs no explaining."""
        said = {each.name: _(each.help_text) for each in self.fields_shown if each.help_text}
        return super().get_form(request, obj, change, **kwargs, help_texts=said | dict.fromkeys(self.refers, ""))

    def get_changelist(self, request: HttpRequest, **kwargs) -> type[ChangeList]:
        return Rows

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        narrowed = {"narrowed": self._narrowed(request), "exports": self._exports(request)}
        return super().changelist_view(request, narrowed | (extra_context or {}))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None) -> HttpResponse:
        known = {"related": [], "acts": [], "show_close": False}
        if object_id and (row := self.get_object(request, object_id)) is not None:
            known["related"] = self._related(row)
            known["acts"] = [each for each in permitted(self.acts, request.actor) if each.fits(row)]
            known["subtitle"] = named(row)
            known["list_url"] = site.address(self.model, None, "changelist")
        return super().changeform_view(request, object_id, form_url, known | (extra_context or {}))

    def history_view(self, request: HttpRequest, object_id: str, extra_context=None) -> HttpResponse:
        """The history of a row is the trail's, not the admin's own log, into which nobody writes."""
        about = urlencode({"subject_type__exact": self.model._meta.label_lower, "subject_id__exact": object_id})
        return redirect(f"{reverse('admin:trail_event_changelist')}?{about}")

    def _narrowed(self, request: HttpRequest) -> list[str]:
        """What the address narrows the list by beside its search and filters: it came from a link."""
        names = (
            each if isinstance(each, str) else each[0] if isinstance(each, tuple) else "" for each in self.list_filter
        )
        own = {parameter for each in names for parameter in (f"{each}__exact", f"{each}__isempty")}
        own |= {f"{each[0]}__id__exact" for each in self.list_filter if isinstance(each, tuple)}
        own |= {each.parameter_name for each in self.list_filter if hasattr(each, "parameter_name")}
        found = []
        for name, value in request.GET.items():
            first, *rest = name.split("__")
            if rest and name not in own and first in {f.name for f in self.model._meta.concrete_fields}:
                found.append(f"{label(self.model, first)}: {value}")
        return found

    def _related(self, row: models.Model) -> list[tuple[str, str]]:
        """Lists of what refers to a row, as (label, address): one click further, and one statement for all of them.

        Those that are empty are left out; what no index would find is offered without a look.
        """
        fields = [
            relation.field for relation in self.model._meta.get_fields(include_hidden=True)
            if relation.auto_created and not relation.concrete and relation.related_model in site._registry
        ]  # fmt: skip
        there = {
            f"there_{at}": models.Exists(field.model._base_manager.filter(**{field.name: models.OuterRef("pk")}))
            for at, field in enumerate(fields) if is_indexed(field)
        }  # fmt: skip
        known = self.model._base_manager.filter(pk=row.pk).values(**there).first() if there else {}
        shown = [field for at, field in enumerate(fields) if known.get(f"there_{at}", True)]
        found = sorted(self._list_of(field, row.pk) for field in shown)
        return [(_("History of it"), f"{site.address(self.model, row.pk, 'history')}"), *found]

    def _list_of(self, field: models.ForeignKey, pk: object) -> tuple[str, str]:
        named = f"{field.name}__{field.target_field.name}__exact"
        url = f"{site.address(field.model, None, 'changelist')}?{urlencode({named: pk})}"
        words = str(field.model._meta.verbose_name_plural)
        same = field.verbose_name == self.model._meta.verbose_name_raw
        return words if same else _("{rows} ({role})").format(rows=words, role=_(str(field.verbose_name))), url

    # ── export ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def get_urls(self) -> list:
        info = f"{self.opts.app_label}_{self.opts.model_name}_export"
        exported = self.admin_site.admin_view(self.export_view)
        return [path("export/<str:kind>/", exported, name=info), *super().get_urls()]

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        return export.answer(self, request, kind)

    def _exports(self, request: HttpRequest) -> list[tuple[str, str]]:
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_export"
        return [(kind.upper(), reverse(name, args=[kind]) + query) for kind in export.KINDS]

    # ── acts ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def get_actions(self, request: HttpRequest, action_location=None) -> dict:
        return {each.name: (each.perform, each.name, each.label) for each in permitted(self.acts, request.actor)}

    def get_action_choices(self, request: HttpRequest, default_choices=None, action_location=None) -> list:
        chosen = [(name, text) for name, (_do, _name, text) in self.get_actions(request).items()]
        return [("", _("What to do with them")), *chosen]


def is_indexed(field: models.Field) -> bool:
    """Whether rows are found by this field: it has an index, or is the first of one that has every row that has it."""
    every = (None, models.Q((f"{field.name}__isnull", False)))
    whole = [index.fields for index in field.model._meta.indexes if index.condition in every]
    unique = (each for each in field.model._meta.constraints if isinstance(each, models.UniqueConstraint))
    whole += [each.fields for each in unique if each.condition is None]
    return field.db_index or field.unique or any([*fields][:1] == [field.name] for fields in whole)


def register_others(models_known: Iterable[type[models.Model]]) -> None:
    """A model that no module here names is shown all the same, without what might be a secret by its name.

    Django's admin takes no model with a composite key: such rows are shown on the page of what they belong to.
    """
    for model in models_known:
        ours = model.__module__.startswith(OURS) and not model._meta.proxy
        if ours and model not in site._registry and not model._meta.is_composite_pk:
            hidden = tuple(f.name for f in model._meta.concrete_fields if SECRET.search(f.name) and not f.primary_key)
            site.register(model, ReadOnly, hidden=hidden)
