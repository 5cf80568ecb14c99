"""The rows of a table: {% load cells %}{% rows table %}, in templates/components/table.html.

Written by Python: a template that asks each cell of which kind it is takes a hundred thousand calls for a page of 25
rows, more than everything else of the page together. Here what a column's cells have in common is found once.
"""

from collections.abc import Callable
from html import escape

from django import template
from django.template.base import render_value_in_context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.ui.tables import Cell, Column, Row, Table
from portal.ui.templatetags import ui

register = template.Library()

Written = Callable[[Cell], str]


@register.simple_tag(takes_context=True)
def rows(context, table: Table) -> SafeString:
    """{% rows table %}: <tr> after <tr>."""
    columns = {id(column): (_opening(column), _written(column, context)) for column in table.columns}
    return mark_safe("\n".join(_row(row, table, columns) for row in table.rows))


def _row(row: Row, table: Table, columns: dict[int, tuple[tuple[str, str], Written]]) -> str:
    cells = []
    for cell in row.cells:
        (classes, label), written = columns[id(cell.column)]
        content = _choice(cell, row, table) if cell.column.kind == "choose" else written(cell)
        if cell.url:
            content = f'<a href="{escape(str(cell.url))}">{content}</a>'
        cells.append(f'<td class="{classes}{_breadth(cell)}" data-label="{label}">{content}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _opening(column: Column) -> tuple[str, str]:
    return f"cell-{column.kind}{' numeric' if column.numeric else ''}", conditional_escape(column.label)


def _breadth(cell: Cell) -> str:
    """What a card on a phone has to know: whether there is anything, and whether half its breadth is enough."""
    if cell.value is None or cell.value == "":
        return " cell-empty"
    kind = cell.column.kind
    return " cell-long" if kind == "iban" or (kind == "text" and ui.is_long(cell.value)) else ""


def _written(column: Column, context: template.Context) -> Written:
    write = KINDS.get(column.kind) or (lambda cell: _text(cell.value, context))

    def written(cell: Cell) -> str:
        is_none = cell.value is None or (cell.value == "" and column.kind == "id")
        return ui.none() if is_none and column.kind != "money" else write(cell)

    return written


def _text(value: object, context: template.Context) -> str:
    return conditional_escape(value) if isinstance(value, str) else render_value_in_context(value, context)


def _choice(cell: Cell, row: Row, table: Table) -> str:
    if cell.value is None:
        return ""
    sums = (
        format_html(' data-minor="{}" data-currency="{}"', cell.minor, cell.currency) if cell.minor is not None else ""
    )
    return format_html(
        '<input class="form-check-input" type="checkbox" name="chosen" value="{}" form="{}-chosen"{} aria-label="{}">',
        cell.value, table.name, sums, _("Choose %(row)s") % {"row": row.record},
    )  # fmt: skip


def _identifier(cell: Cell) -> str:
    shown = ui.shortened(cell.value)
    if not cell.url:
        return ui.copyable(cell.value, shown)
    whole = "" if shown == str(cell.value) else format_html(' title="{}"', cell.value)
    return format_html("<code{}>{}</code>", whole, shown)


KINDS: dict[str, Written] = {
    "money": lambda cell: ui.money(cell.value, cell.currency),
    "status": lambda cell: ui.status(cell.value, of=cell.column.of),
    "instant": lambda cell: ui.instant(cell.value),
    "waiting": lambda cell: ui.waiting(cell.value),
    "day": lambda cell: ui.day(cell.value),
    "percent": lambda cell: conditional_escape(ui.percent(cell.value)),
    "number": lambda cell: conditional_escape(ui.count(cell.value)),
    "id": _identifier,
    "file": lambda cell: format_html("<code>{}</code>", cell.value),
    "iban": lambda cell: ui.iban(cell.value),
    "reasons": lambda cell: ", ".join(conditional_escape(each) for each in cell.value),
}
