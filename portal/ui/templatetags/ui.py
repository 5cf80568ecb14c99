"""Template tags of the visual system: `{% load ui %}`. Each is shown in every state at /styleguide/; docs/components.md
lists them on one page.
"""

from datetime import datetime, timedelta
from zlib import crc32

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.translation import gettext as _

from portal.ui import charts, drawing, formats, forms, glossary, icons, states

register = template.Library()

WAITED = ((timedelta(hours=4), "neutral"), (timedelta(days=1), "attention"))
"""Below which time of waiting which tone; beyond, it is bad."""
SHORTEST_CUT = 24
"""Characters that an identifier may have before a table shows its beginning alone."""
LONG_TEXT, LONG_WORD = 30, 17
"""Letters that half of a card on a phone has room for, in lines and in one word."""
SHORT_LABEL = 18
"""Letters of a fact's label that stay on one line; the value beside it gives way."""


# ── words and numbers ────────────────────────────────────────────────────────────────────────────────────────────────
@register.simple_tag
def icon(name, label="", css=""):
    """{% icon "coins" %}: one of Tabler's outline icons. Give a label where no text stands beside it."""
    return icons.icon(name, label=label, css=css)


def none(css=""):
    """A dash that is read as what it means."""
    return format_html('<span{} aria-label="{}">–</span>', format_html(' class="{}"', css) if css else "", _("none"))


@register.simple_tag
def money(amount_minor, currency, sign=False, css=""):
    """{% money advance.principal_minor advance.currency %}: currency, thousands, tabular numerals. None is a dash.

    `sign=True` writes a plus before what comes in.
    """
    if amount_minor is None:
        return none("money money-none")
    plus = "+" if sign and amount_minor > 0 else ""
    tone = "money-negative" if amount_minor < 0 else ""
    return format_html(
        '<span class="money {} {}"><span class="money-currency">{}</span>\N{NO-BREAK SPACE}'
        '<span class="money-amount">{}{}</span></span>',
        tone, css, currency, plus, formats.amount(amount_minor, currency),
    )  # fmt: skip


@register.simple_tag
def money_text(amount_minor, currency):
    """{% money_text 123456 "CNY" %}: the same as plain text, for titles, attributes and sentences."""
    return formats.money(amount_minor, currency)


@register.filter
def percent(ratio, decimals=1):
    """{{ "0.8"|percent }} or {{ ratio|percent:2 }}: a ratio (Decimal) as a percentage."""
    return "–" if ratio is None else formats.percent(ratio, int(decimals))


@register.filter
def hundredths(share):
    """{{ owner.share_percent|hundredths }}: a share told in hundredths (Decimal), as a percentage."""
    return formats.hundredths(share)


@register.filter
def country(code):
    """{{ party.country|country }}: the name of a country from its code."""
    return formats.country(code)


@register.filter
def count(value):
    """{{ total|count }}: a whole number, grouped by thousands."""
    return formats.number(value)


@register.filter
def elapsed(milliseconds):
    """{{ advance.applied_to_funded_ms|elapsed }}: "0.4 s", "12 s", "3 min"."""
    return "–" if milliseconds is None else formats.elapsed(milliseconds)


@register.filter
def subject(record):
    """{{ advance|subject }}: "advances.advance:42", the name under which news of a record is told (data-live)."""
    return f"{record._meta.label_lower}:{record.pk}"


@register.simple_tag
def instant(value, seconds=False):
    """{% instant advance.created_at %}: <time> in the user's zone; the exact instant with zone as its title."""
    if value is None:
        return none()
    exact = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S} {exact.tzname()}", formats.instant(value, seconds=seconds),
    )  # fmt: skip


@register.simple_tag
def waiting(since):
    """{% waiting application.submitted_at %}: for how long by now, coloured where that is long."""
    if since is None:
        return none()
    now = timezone.now()
    tone = next((tone for longest, tone in WAITED if now - since < longest), "bad")
    return format_html(
        '<time class="waiting waiting-{}" datetime="{}" title="{}">{}</time>',
        tone, since.isoformat(), formats.instant(since, seconds=True), formats.age(since, now),
    )  # fmt: skip


@register.simple_tag
def instant_text(value):
    """{% instant_text notice.at %}: the same as plain text, with the zone, for mails."""
    return f"{formats.instant(value)} {timezone.localtime(value).tzname()}"


@register.simple_tag
def clock(value):
    """{% clock event.at %}: the time of day to the millisecond, where the day stands beside it."""
    exact = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S.%f} {exact.tzname()}", formats.clock(value, milliseconds=True),
    )  # fmt: skip


@register.simple_tag
def day(value):
    """{% day invoice.issue_date %}: a calendar day in the page's language; of an instant, its day here."""
    if value is None:
        return none()
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value))


@register.simple_tag
def today():
    """{% today %}: the day that it is for whoever reads."""
    return day(timezone.localdate())


@register.simple_tag
def status(code, label="", of=""):
    """{% status advance.status %}: the badge of a state, of the same colour everywhere (portal/ui/states.py).

    {% status document.outcome of="document" %} where a kind of thing has a word of its own for it.
    """
    state = states.state(code, label, of=of)
    return format_html(
        '<span class="status status-{}">{}<span>{}</span></span>', state.tone, icons.icon(state.icon), state.label
    )


@register.simple_tag
def copyable(value, shown=""):
    """{% copyable advance.reference %}: an identifier with a button that copies it; `shown` shortens what is seen."""
    return format_html(
        '<span class="copyable"><code>{}</code><button type="button" class="copy" data-copy="{}" data-copied="{}"'
        ' aria-label="{}">{}{}</button></span>',
        shown or value, value, _("Copied"), _("Copy %(value)s") % {"value": value},
        icons.icon("copy", css="copy-idle"), icons.icon("check", css="copy-done"),
    )  # fmt: skip


@register.simple_tag
def iban(value):
    """{% iban account.iban %}: in groups of four as on paper, copied without the spaces."""
    return copyable(value, formats.iban(value))


@register.filter
def breadth(text):
    """How many letters wide: a Chinese one is as wide as two of ours."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in str(text))


@register.filter
def is_long(text):
    """Whether a value needs the whole breadth of a card on a phone: half of it would break lines, or a word."""
    words = [word for word in str(text).split() if breadth(word) == len(word)]
    return breadth(text) > LONG_TEXT or max(map(len, words), default=0) > LONG_WORD


@register.filter
def shortened(identifier):
    """{{ reference|shortened }}: the beginning of an identifier too long for a column; its own length otherwise."""
    text = str(identifier)
    return text if len(text) <= SHORTEST_CUT else f"{text[:12]}…"


@register.filter
def whole(text):
    """{{ invoice.number|whole }}: a number with hyphens that stays on one line."""
    return format_html('<span class="whole">{}</span>', text)


@register.filter
def tone(code):
    """{{ words.state|tone }}: the tone of a state, one of those in portal/ui/states.py."""
    return states.state(code).tone if code else ""


# ── figures and facts ────────────────────────────────────────────────────────────────────────────────────────────────
@register.inclusion_tag("components/figure.html", takes_context=True)
def figure(
    context, label, value="", explanation="", url="", amount_minor=None, currency="", size="", tone="", icon="",
    why=None, term="",
):  # fmt: skip
    """{% figure _("Available now") amount_minor=n currency="CNY" explanation="..." url="..." why=why.available %}

    Either `amount_minor` with `currency`, or a ready `value`. `size="hero"` for a page's one large figure.
    `tone` is one of the tones of portal/ui/states.py, for a figure that asks for somebody. `why`: a portal.ui.why.Why
    that tells how the figure is made; `term`: the label's key in the glossary.
    """
    if amount_minor is not None:
        value = money(amount_minor, currency)
    return {"label": label, "value": value, "explanation": explanation, "url": url, "size": size, "tone": tone,
            "icon": icon, "why": why, "term": term, "request": context.get("request")}  # fmt: skip


@register.inclusion_tag("components/why.html", takes_context=True)
def why(context, found, label):
    """{% why found _("Owed now") %}: a button that opens how a figure is made; `found` is a portal.ui.why.Why."""
    return {"found": found, "label": label, "ident": _ident(context, f"why-{crc32(str(label).encode()):x}")}


@register.simple_block_tag(takes_context=True, end_name="endterm")
def term(context, content, key):
    """{% term "dilution" %}Dilution{% endterm %}: a word of the trade that explains itself at a press."""
    return explained(context, content.strip(), key)


def explained(context, text, key):
    """A word that opens its entry of the glossary."""
    entry = glossary.TERMS[key]
    shown = {"entry": entry, "text": text, "ident": _ident(context, f"term-{slug(key)}")}
    return render_to_string("components/term.html", shown | {"address": f"{reverse('glossary')}#{slug(key)}"})


@register.filter
def slug(key):
    """{{ "camt.054"|slug }}: a key of the glossary as it stands in an address."""
    return key.replace(".", "-")


def _ident(context, wanted):
    """The id of something that may stand on a page several times: the same at every rendering of the page."""
    request = context.get("request")
    if request is None:
        return wanted
    taken = request.__dict__.setdefault("idents", {})
    taken[wanted] = taken.get(wanted, 0) + 1
    return wanted if taken[wanted] == 1 else f"{wanted}-{taken[wanted]}"


@register.simple_block_tag(end_name="endfacts")
def facts(content, columns=1):
    """{% facts columns=2 %}{% fact _("Funder") %}...{% endfact %}{% endfacts %}: a list of what is so."""
    return format_html('<dl class="facts facts-{}">{}</dl>', columns, content)


@register.simple_block_tag(takes_context=True, end_name="endfact")
def fact(context, content, label, help="", term=""):
    """One row of {% facts %}; `help` is a line under the value, `term` the label's key in the glossary."""
    head = '<dt class="no-break">{}</dt>' if breadth(strip_tags(str(label))) <= SHORT_LABEL else "<dt>{}</dt>"
    label = explained(context, label, term) if term else label
    note = format_html('<span class="fact-help">{}</span>', help) if help else ""
    return format_html('<div class="fact">{}<dd>{}{}</dd></div>', format_html(head, label), content, note)


@register.inclusion_tag("components/reasons.html")
def reasons(reasons, positive=False, codes=True):
    """{% reasons decision.reasons %}: code with plain words; each item has code, text and (or not) amount, remedy.

    Items are mappings or objects. `positive=True` marks what speaks for, not against.
    `codes=False` leaves the codes to machines, for readers whom the words alone serve.
    """
    return {"reasons": reasons, "positive": positive, "codes": codes}


@register.inclusion_tag("components/progress.html")
def progress(value, maximum, label, explanation="", tone="", currency=""):
    """{% progress 37 120 _("Rows read") %}: how far a thing is; `value=None` where nobody can tell.

    With a `currency` both are amounts in minor units.
    """
    share = None if value is None or not maximum else min(100, max(0, 100 * value // maximum))
    return {"value": value, "maximum": maximum, "label": label, "explanation": explanation, "share": share,
            "tone": tone, "currency": currency}  # fmt: skip


@register.inclusion_tag("components/waterfall.html")
def waterfall(steps, currency, caption):
    """{% waterfall steps "CNY" _("How your limit is made") %}: bars, each beside its number, in one table.

    `steps`: portal.ui.charts.Step, or mappings with its fields (label, amount_minor, total, explanation, url).
    """
    return {"bars": charts.waterfall(steps), "currency": currency, "caption": caption, "width": charts.WIDTH}


@register.inclusion_tag("components/chart.html")
def chart(chart, caption, ident, description="", size="", live="", shows_caption=True):
    """{% chart weeks _("Approval time by week") "approval-times" size="small" live="advances.advance" %}

    `chart`: portal.ui.charts.Chart. Drawn when it comes into view, in the page's theme, with its numbers in a table
    behind it. `size`: small, empty, large. `description` replaces the one made from the numbers. Where a card's title
    says what the caption says, `shows_caption=False` leaves it to screen readers.
    """
    return {"chart": chart, "caption": caption, "ident": ident, "size": size, "live": live,
            "description": description or drawing.described(chart), "lines": drawing.lines(chart),
            "series": drawing.named(chart), "shows_caption": shows_caption}  # fmt: skip


@register.inclusion_tag("components/timeline.html")
def timeline(events, subject="", ident="timeline", live=True):
    """{% timeline events subject=advance|subject %}: what happened, when, by whom; follows the subject as it moves.

    Each event, mapping or object: `at` (instant), `sentence`, and where known `actor`, `state` (a state's code),
    `detail`, `url`, `took_ms` (since the one before). The latest is marked, whether it comes last or, in a list that
    is renewed, first.
    """
    events, entries, today = list(events or ()), [], None
    newest_first = len(events) > 1 and _of(events[0], "at") > _of(events[-1], "at")
    latest = (0 if subject else None) if newest_first else len(events) - 1
    for number, event in enumerate(events):
        here = timezone.localtime(_of(event, "at")).date()
        entries.append((event, here != today, number == latest))
        today = here
    return {"entries": entries, "subject": subject if live else "", "ident": ident}


def _of(event, name):
    return event[name] if isinstance(event, dict) else getattr(event, name)


# ── what the page says ───────────────────────────────────────────────────────────────────────────────────────────────
@register.inclusion_tag("components/empty.html")
def empty_state(title, text="", url="", action="", icon="compass"):
    """{% empty_state _("No receivables yet") _("They appear here once...") url=url action=_("Upload invoices") %}"""
    return {"title": title, "text": text, "url": url, "action": action, "icon": icon}


@register.inclusion_tag("components/problem.html")
def problem(what, code="", kept="", remedy="", url="", action=""):
    """{% problem what=... code=... kept=... remedy=... %}: what happened, what was kept, what to do."""
    return {"what": what, "code": code, "kept": kept, "remedy": remedy, "url": url, "action": action}


@register.inclusion_tag("components/note.html")
def note(text, tone="neutral", title="", url="", action=""):
    """{% note _("Prices are of yesterday.") tone="attention" %}: a calm remark of one sentence, and where it leads."""
    return {"text": text, "title": title, "tone": tone, "url": url, "action": action, "icon": states.TONE_ICONS[tone]}


@register.simple_block_tag(takes_context=True, end_name="endconfirm")
def confirm(context, content, ident, title, url, action, tone="primary"):
    """{% confirm "withdraw" _("Withdraw?") url _("Withdraw") tone="danger" %}what it will do{% endconfirm %}

    A dialog that posts to `url`. Opened by any `<button type="button" data-dialog="withdraw">`. The body may hold
    form fields. Say in it what will happen and what cannot be undone.
    """
    return render_to_string(
        "components/confirm.html",
        {"ident": ident, "title": title, "url": url, "action": action, "tone": tone, "body": content},
        request=context.get("request"),
    )


@register.simple_block_tag(end_name="endcard")
def card(content, title="", ident="", live="", css="", url="", link=""):
    """{% card title=_("Timeline") live=advance|subject ident="what" %}...{% endcard %}

    `live` names the subjects (space between) at whose news the card is fetched anew; it needs an `ident`.
    `url` and `link`: a quiet link at the head's right.
    """
    head = ""
    if title:
        more = format_html('<a class="card-more" href="{}">{}</a>', url, link) if url else ""
        head = format_html('<div class="card-header"><h2 class="card-title">{}</h2>{}</div>', title, more)
    attributes = format_html_join("", ' {}="{}"', [(k, v) for k, v in (("id", ident), ("data-live", live)) if v])
    return format_html('<section class="card {}"{}>{}<div class="card-body">{}</div></section>',
                       css, attributes, head, content)  # fmt: skip


@register.inclusion_tag("components/live_mark.html")
def live_mark():
    """{% live_mark %}: tells whether news still arrives. base.html shows it; a page need not."""
    return {}


# ── forms and tables ─────────────────────────────────────────────────────────────────────────────────────────────────
@register.inclusion_tag("components/field.html")
def field(bound, label="", help="", currency="", placeholder="", autocomplete=""):
    """{% field form.amount currency="CNY" %}: label, control, help and error of a bound field, joined for readers.

    `currency` makes it an amount. Files, check boxes, radios, selects and texts are told by their widget.
    """
    return forms.described(bound, label=label, help=help, currency=currency, placeholder=placeholder,
                           autocomplete=autocomplete)  # fmt: skip


@register.inclusion_tag("components/fields.html")
def fields(form, **labels):
    """{% fields form login=_("E-mail") %}: errors of the whole form, hidden fields, and every visible field by
    {% field %}, each under its own label or the one given here by its name.
    """
    return {"form": form, "visible": [(bound, labels.get(bound.name, "")) for bound in form.visible_fields()]}


@register.inclusion_tag("components/table.html", takes_context=True)
def table(context, table):
    """{% table table %}: a portal.ui.tables.Table: search, filters, sorting, pages, export, cards on a phone."""
    return {"table": table, "request": context.get("request")}
