"""Form fields, buttons and small things that templates are built of.

    {% load components %}
    {% error_summary form %}
    {% field form.title %} {% field form.body rows=8 count=1000 %} {% button "Post" %}

Everything larger is an include from templates/components/, whose first lines say what it takes; all of it is shown on
the developers' page of components.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from functools import lru_cache
from secrets import token_urlsafe
from typing import Any

from django import forms, template
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm, BoundField
from django.forms.boundfield import BoundWidget
from django.shortcuts import resolve_url
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from network.kept import kept_part
from network.models import Member
from network.models.profile import Person, shown_picture

register = template.Library()

# What the browser's own pickers send and take, whatever the language of the site.
NATIVE_TYPES = (
    (forms.DateInput, "date", "%Y-%m-%d"),
    (forms.DateTimeInput, "datetime-local", "%Y-%m-%dT%H:%M"),
    (forms.TimeInput, "time", "%H:%M"),
)


# Forms


def _kind_of(widget: forms.Widget) -> str:
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checkboxes"
    if isinstance(widget, forms.RadioSelect):
        return "radios"
    if isinstance(widget, forms.CheckboxInput):
        return "checkbox"
    if isinstance(widget, forms.Select):
        return "select"
    if isinstance(widget, forms.Textarea):
        return "textarea"
    if isinstance(widget, forms.FileInput):
        return "file-upload"
    if isinstance(widget, forms.PasswordInput):
        return "password"
    return "input"


def _anchor(bound: BoundField) -> str:
    """Where a link from the summary of errors should land: the control, or the first of several."""
    kind = _kind_of(bound.field.widget)
    return f"{bound.auto_id}_0" if kind in ("radios", "checkboxes") else bound.id_for_label or bound.auto_id


def _native(widget: forms.Widget) -> forms.Widget:
    """A copy that we may change; dates and times get the browser's own picker."""
    widget = copy.copy(widget)
    widget.attrs = dict(widget.attrs)
    for of_type, input_type, date_format in NATIVE_TYPES:
        if isinstance(widget, of_type) and widget.input_type == "text":
            widget.input_type, widget.format = input_type, date_format
    return widget


@register.simple_tag
def field(
    bound: BoundField,
    label: str = "",
    hint: str = "",
    size: str = "",
    heading: bool = False,
    quiet_label: bool = False,
    rows: int | None = None,
    count: int | None = None,
    threshold: int = 0,
    inline: bool = False,
    small: bool = False,
    reveals: BoundField | None = None,
    reveals_at: str = "",
) -> SafeString:
    """A whole form group: label, hint, error and control.

    `label`, `hint`: instead of the form's own. `size`: of the label, "s", "m", "l" or "xl". `heading`: the label is the
    page's h1. `quiet_label`: for screen readers only. `rows`, `count`: of a textarea; `count` is the most characters,
    counted down under it, from `threshold` per cent of them on. `inline`, `small`: radios side by side, radios and
    checkboxes smaller. `reveals`: of radios, another field that only whoever chooses the value `reveals_at` is asked;
    it stands below that radio while it is chosen, with scripts and without.
    Other attributes (autocomplete, inputmode, class) come from the widget's `attrs`.
    """
    # The server says what is missing, in our words and in the summary; the browser's bubble would come before it.
    bound.form.use_required_attribute = False
    kind = _kind_of(bound.field.widget)
    context: dict[str, Any] = {
        "kind": kind,
        "label": label or bound.label,
        "hint": hint or bound.help_text,
        "hint_id": f"{bound.auto_id}_helptext",
        "errors": list(bound.errors),
        "error_id": f"{bound.auto_id}_error",
        "size": size,
        "heading": heading,
        "quiet_label": quiet_label,
        "count": count,
        "count_id": f"{bound.auto_id}-info",
        "threshold": threshold,
        "inline": inline,
        "small": small,
    }
    described_by = _described_by(bound, context)
    if kind in ("radios", "checkboxes"):
        context["described_by"] = described_by
        context["options"] = [_option(one, reveals if one.data["value"] == reveals_at else None) for one in bound]
    else:
        context["for_id"] = bound.id_for_label
        context["control"] = _control(bound, kind, described_by, rows=rows, count=count)
    is_typed_in = any(_is_typed_in(one) for one in (bound, reveals) if one)
    rendered = (
        render_to_string(FIELD, context)
        if is_typed_in
        else kept_part(FIELD, context, lambda: render_to_string(FIELD, context))
    )
    return SafeString(rendered)


FIELD = "components/field.html"
CHOSEN = ("radios", "checkboxes", "checkbox", "select")  # kinds in which nothing is typed


def _is_typed_in(bound: BoundField) -> bool:
    is_chosen = _kind_of(bound.field.widget) in CHOSEN
    return bound.form.is_bound or bool(bound.errors) or (not is_chosen and bool(bound.value()))


def _option(option: BoundWidget, reveals: BoundField | None) -> dict[str, Any]:
    return {
        "type": option.data["type"],
        "name": option.data["name"],
        "value": str(option.data["value"]),
        "id": option.data["attrs"]["id"],
        "is_chosen": bool(option.data["selected"]),
        "is_disabled": bool(option.data["attrs"].get("disabled")),
        "label": option.choice_label,
        "reveals": field(reveals) if reveals else "",
    }


def _control(bound: BoundField, kind: str, described_by: str, *, rows: int | None, count: int | None) -> SafeString:
    widget = _native(bound.field.widget)
    attrs: dict[str, str | bool] = {}
    if described_by:
        attrs["aria-describedby"] = described_by
    classes = {
        "checkbox": "govuk-checkboxes__input",
        "hidden": "",
        "password": "govuk-input govuk-password-input__input govuk-js-password-input-input",
    }.get(kind, f"govuk-{kind}")
    if bound.errors and kind == "password":
        classes += " govuk-input--error"
    if bound.errors and kind in ("input", "textarea", "select", "file-upload"):
        classes += f" govuk-{kind}--error"
    if count:
        classes += " govuk-js-character-count"
        # The browser would cut off what is pasted; the count says by how much it is too long instead.
        widget.attrs.pop("maxlength", None)
    if rows:
        attrs["rows"] = str(rows)
    classes = f"{classes} {widget.attrs.pop('class', '')}".strip()
    if classes:
        attrs["class"] = classes
    return bound.as_widget(widget, attrs)


def _described_by(bound: BoundField, context: dict[str, Any]) -> str:
    ids = [str(bound.field.widget.attrs.get("aria-describedby", ""))]
    if context["hint"]:
        ids.append(context["hint_id"])
    if context["errors"]:
        ids.append(context["error_id"])
    if context["count"]:
        ids.append(context["count_id"])
    return " ".join(id_ for id_ in ids if id_)


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms_shown: BaseForm | None) -> dict[str, Any]:
    """What is wrong with one or more forms, each line a link to its field. Nothing when nothing is wrong."""

    def lines() -> Iterator[dict[str, str]]:
        for form in forms_shown:
            if form is None or not form.is_bound:
                continue
            for name, errors in form.errors.items():
                shown = name != NON_FIELD_ERRORS and name in form.fields and not form[name].is_hidden
                for error in errors:
                    yield {"text": str(error), "anchor": _anchor(form[name]) if shown else ""}

    return {"lines": list(lines())}


@register.inclusion_tag("components/button.html")
def button(
    text: str,
    href: str = "",
    style: str = "",
    name: str = "",
    value: str = "",
    detail: str = "",
    disabled: bool = False,
    form: str = "",
    action: str = "",
) -> dict[str, Any]:
    """A button that sends its form, or with `href` a link that looks like one.

    `style`: "secondary", "warning", "quiet" (looks like a link) or nothing. `name` and `value` are sent with the form.
    `detail`: more words for screen readers only, such as whom the button is about. `form`: the id of a form elsewhere.
    `action`: where the form is sent by this button, instead of its own address.
    """
    return {
        "text": text,
        "href": href,
        "style": style,
        "name": name,
        "value": value,
        "detail": detail,
        "disabled": disabled,
        "form": form,
        "action": action,
    }


# What is the same for everybody


@register.simple_tag(takes_context=True)
def kept(context: Context, template_name: str, **values: Hashable) -> SafeString:
    """An include that sees these values and nothing else, not even the request: of equal values it is rendered once,
    and what came of it is kept for whoever asks next. There is nothing to drop when something changes, for then the
    values are others. They are words, numbers, moments, and tuples and frozen dataclasses of those; raises TypeError
    for a row of the database, of which nobody sees that it has changed, and for words that are HTML already.
    The token of a form in it is the reader's own."""
    words = _kept(template_name, **values)
    if _TOKEN in words:
        words = SafeString(words.replace(_TOKEN, str(context.get("csrf_token", ""))))
    return words


def _kept(template_name: str, **values: Hashable) -> SafeString:
    return (_rendered.__wrapped__ if settings.DEBUG else _rendered)(template_name, tuple(values.items()))


# Stands for the token in what is kept. Nobody can write it, for it is in no page.
_TOKEN = token_urlsafe(24)


@lru_cache(maxsize=2_000)  # some megabytes: the posts of a hundred pages
def _rendered(template_name: str, values: tuple[tuple[str, Hashable], ...]) -> SafeString:
    for name, value in values:
        if not _is_value(value):
            raise TypeError(f"{name} of {template_name} is {type(value).__name__}, and may change while it is kept.")
    return SafeString(render_to_string(template_name, {**dict(values), "csrf_token": _TOKEN}))


forget_all = _rendered.cache_clear


def _is_value(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_value(one) for one in value)
    if is_dataclass(value) and getattr(value, "__dataclass_params__").frozen:  # noqa: B009  (unknown to the types)
        return all(_is_value(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, SafeString):  # such as what stands in a template in quotation marks
        return escape(str(value)) == value
    return value is None or type(value) in (str, int, bool, date, datetime)


# Finding one's way


@dataclass(frozen=True, slots=True)
class Crumb:
    title: str
    address: str


@register.simple_tag
def breadcrumbs(*steps: Any) -> SafeString:
    """The way down to this page: pairs of a title and an address or the name of one. Home is put before them; the page
    itself is left out, for its heading stands right below."""
    pairs = zip(steps[::2], steps[1::2], strict=True)
    trail = (Crumb("Home", "/"), *(Crumb(str(title), resolve_url(address)) for title, address in pairs))
    return _kept("components/breadcrumbs.html", trail=trail)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of several, or a gap of some."""

    number: int = 0
    address: str = ""
    is_current: bool = False
    is_gap: bool = False


@register.simple_tag(takes_context=True)
def pagination(context: Context, number: int, count: int, parameter: str = "page") -> SafeString:
    """Links to the first page, the last one, and those beside this one. Keeps the rest of the query. Nothing for one
    page."""
    if count < 2:
        return SafeString("")
    query = context["request"].GET.copy()

    def address(page: int) -> str:
        query[parameter] = str(page)
        return f"?{query.urlencode()}"

    shown = sorted({page for page in (1, number - 1, number, number + 1, count) if 1 <= page <= count})
    pages: list[PageLink] = []
    for before, page in zip([0, *shown], shown, strict=False):
        if page - before == 2:
            # A gap of one page is as wide as the page itself.
            pages.append(PageLink(page - 1, address(page - 1)))
        elif page - before > 2:
            pages.append(PageLink(is_gap=True))
        pages.append(PageLink(page, address(page), is_current=page == number))
    previous = address(number - 1) if number > 1 else ""
    return kept(
        context,
        "components/pagination.html",
        pages=tuple(pages),
        previous=previous,
        next=address(number + 1) if number < count else "",
    )


# Time and people


@register.simple_tag
def moment(at: date | datetime | None, style: str = "") -> SafeString:
    """A `<time>`: "14 November 2024 at 2:30pm"; `style` "date" or "time" gives only that part, "short" says
    "14 Nov 2024". London time; never "five minutes ago", so that what is kept or sent to many stays true."""
    if at is None:
        return SafeString("")
    if isinstance(at, datetime):
        at = timezone.localtime(at) if timezone.is_aware(at) else at
        day, hour = format_date(at, "j F Y"), clock(at)
        words = {"date": day, "time": hour, "short": format_date(at, "j M Y")}.get(style, f"{day} at {hour}")
        return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), words)
    words = format_date(at, "j M Y" if style == "short" else "j F Y")
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), words)


@register.simple_tag
def period(start: datetime, end: datetime) -> SafeString:
    """From when to when: "14 November 2024, 10am to 4pm", or with both days where they differ."""
    start, end = (timezone.localtime(at) if timezone.is_aware(at) else at for at in (start, end))
    if start.date() == end.date():
        return format_html("{}, {} to {}", moment(start, "date"), moment(start, "time"), moment(end, "time"))
    return format_html("{} to {}", moment(start), moment(end))


@register.filter(expects_localtime=True)
def clock(at: time | datetime) -> str:
    """10am, 2:30pm, midday, midnight: as GOV.UK writes times."""
    if (at.hour, at.minute) in ((0, 0), (12, 0)):
        return "midday" if at.hour else "midnight"
    return f"{at.hour % 12 or 12}{f':{at.minute:02}' if at.minute else ''}{'am' if at.hour < 12 else 'pm'}"


@register.filter
def initials(name: object) -> str:
    """ "Fay Facilitates" becomes "FF": for the round badge beside a name."""
    words = [word for word in str(name).split() if word[0].isalpha()]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


@register.filter
def portrait(member: object) -> str:
    """The address of the picture that a member shows, where whoever listed them asked for `profile` too; never a
    query of its own."""
    if isinstance(member, Person):
        return member.picture
    return shown_picture(member) if isinstance(member, Member) else ""


@register.filter
def shade(key: object) -> int:
    """1 to 6, always the same for the same person: the colour of their badge."""
    return sum(str(key).encode()) % 6 + 1
