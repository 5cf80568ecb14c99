"""A bound form field as the component shows it: the control with classes and its ties to help and errors."""

from django import forms
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe


class DayInput(forms.DateInput):
    """A day in the browser's own calendar, which takes one way of writing it whatever the page's language: a day that
    is written as people do is none to it, and the field stands empty."""

    input_type = "date"

    def __init__(self, attrs: dict | None = None):
        super().__init__(attrs, format="%Y-%m-%d")


class LongSelect(forms.Select):
    """A choice among hundreds: Django renders a template for each, which took longer than all else of a page."""

    def render(self, name, value, attrs=None, renderer=None) -> SafeString:
        chosen = set(self.format_value(value))
        options = format_html_join(
            "", '<option value="{}"{}>{}</option>',
            ((key, mark_safe(" selected" * (str(key) in chosen)), label) for key, label in self.choices),
        )  # fmt: skip
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, attrs) | {"name": name}), options
        )


_KINDS = (
    (forms.CheckboxSelectMultiple, "choices"),
    (forms.RadioSelect, "choices"),
    (forms.CheckboxInput, "check"),
    (forms.FileInput, "file"),
    (forms.Textarea, "text"),
    (forms.Select, "select"),
)
_CLASSES = {"check": "form-check-input", "select": "form-select", "choices": "form-check-input"}


def kind_of(widget: forms.Widget) -> str:
    """One of `choices`, `check`, `file`, `select`, `text`."""
    return next((kind for cls, kind in _KINDS if isinstance(widget, cls)), "text")


def described(bound: BoundField, *, label: str, help: str, currency: str, placeholder: str, autocomplete: str) -> dict:
    """Context of components/field.html."""
    kind = kind_of(bound.field.widget)
    help_text = help or bound.help_text
    ident = bound.id_for_label or bound.auto_id
    tied = [f"{bound.auto_id}_help"] * bool(help_text) + [f"{bound.auto_id}_error"] * bool(bound.errors)
    attributes = {"class": _CLASSES.get(kind, "form-control") + (" is-invalid" if bound.errors else "")}
    if currency:
        attributes |= {"class": attributes["class"] + " money-input", "inputmode": "decimal", "autocomplete": "off"}
    if tied:
        attributes["aria-describedby"] = " ".join(tied)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    # A placeholder that repeats the label says nothing, and is gone as soon as somebody types.
    attributes["placeholder"] = placeholder or False
    if autocomplete:
        attributes["autocomplete"] = autocomplete
    if kind == "choices":
        bound.field.widget.attrs["class"] = _CLASSES[kind]
    return {
        "bound": bound,
        "kind": kind,
        "ident": ident,
        "label": label or bound.label,
        "help": help_text,
        "currency": currency,
        "optional": not bound.field.required and kind != "check",
        "control": "" if kind == "choices" else bound.as_widget(attrs=attributes),
        "error_id": f"{bound.auto_id}_error",
        "help_id": f"{bound.auto_id}_help",
    }
