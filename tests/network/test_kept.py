"""What is rendered of values alone is rendered once, and never for the wrong ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django import forms
from django.http import HttpRequest
from django.template import engines
from django.template.backends.django import Template
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from network import kept as parts
from network.models import Theme
from network.templatetags import components
from tests.cast import Cast


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    style: str = ""


@dataclass
class Changing:
    text: str


def shown(template: str, request: HttpRequest | None = None, **context: Any) -> str:
    made: Template = engines["django"].from_string("{% load components %}" + template)
    return str(made.render(context, request))


BUTTON = '{% kept "components/button.html" text=button.text style=button.style %}'
REACT = '{% kept "forums/post_react.html" number=1 address="/there/" reactions=reactions %}'


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    components.forget_all()


def test_the_same_values_are_rendered_once() -> None:
    assert shown(BUTTON, button=Button("Join")) == shown(BUTTON, button=Button("Join"))
    assert ">Leave<" in shown(BUTTON, button=Button("Leave"))

    assert components._rendered.cache_info()[:2] == (1, 2)


def test_words_are_escaped_however_often_they_are_asked_for() -> None:
    for _ in range(2):
        assert "&lt;b&gt;" in shown(BUTTON, button=Button("<b>"))


def test_it_sees_nothing_of_the_page_it_stands_on() -> None:
    assert "elsewhere" not in shown(BUTTON, button=Button("Join"), href="/elsewhere/", detail="elsewhere")


def test_the_token_of_a_form_is_the_readers_own() -> None:
    tokens = []
    for _ in range(2):
        request = HttpRequest()
        words = shown(REACT, request, reactions=())
        tokens.append(words.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0])
        assert components._TOKEN not in words

    assert tokens[0] != tokens[1]
    assert all(len(token) == 64 for token in tokens)
    assert components._rendered.cache_info().hits == 1


def test_what_may_change_is_refused(cast: Cast) -> None:
    markup = engines["django"].from_string("<b>").render()
    for value in (cast.bob, Changing("x"), markup, (cast.bob,), Button(cast.bob)):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            shown('{% kept "components/button.html" text=value %}', value=value)


def test_while_somebody_works_on_templates_nothing_is_kept(settings: Any) -> None:
    settings.DEBUG = True

    shown(BUTTON, button=Button("Join"))

    assert components._rendered.cache_info().currsize == 0


class TestControls:
    """What Django makes of a form's controls, six templates for one list of choices."""

    class AForm(forms.Form):
        kind = forms.ChoiceField(choices=[("a", "First"), ("b", "<Second>")], initial="b")
        words = forms.CharField(required=False)
        files = forms.FileField(required=False)

    @pytest.fixture(autouse=True)
    def nothing_kept(self) -> None:
        parts.forget_parts()

    def test_what_nobody_has_typed_in_is_rendered_once(self) -> None:
        pages = [str(self.AForm()[name]) for _ in range(2) for name in ("kind", "words", "files")]

        assert pages[:3] == pages[3:]
        assert "&lt;Second&gt;" in pages[0]
        assert parts._kept.cache_info()[:2] == (3, 3)

    def test_another_choice_is_another_control(self) -> None:
        chosen = [re.findall(r'value="(.)" selected', str(self.AForm({"kind": kind})["kind"])) for kind in "ab"]

        assert chosen == [["a"], ["b"]]

    def test_what_somebody_typed_is_not_kept(self) -> None:
        assert "my words" in str(self.AForm({"words": "my words"})["words"])

        assert parts._kept.cache_info().currsize == 0

    def test_an_attribute_that_is_true_is_not_one_that_is_1(self) -> None:
        shown = []
        for value in (True, 1, "1", mark_safe("&"), "&"):
            shown.append(str(forms.TextInput(attrs={"data-x": value}).render("words", None)))

        assert len(set(shown)) == 4  # 1 is written as "1"

    def test_choices_that_are_rows_are_looked_at_each_time(self, cast: Cast) -> None:
        field = forms.ModelChoiceField(Theme.objects.all())
        before = field.widget.render("theme", None)

        Theme.objects.filter(pk=cast.theme.pk).update(name="Another name")

        assert "Another name" in field.widget.render("theme", None)
        assert "Another name" not in before

    def test_while_somebody_works_on_templates_none_is_kept(self, settings: Any) -> None:
        settings.DEBUG = True
        str(self.AForm()["kind"])

        assert parts._kept.cache_info().currsize == 0

    def test_a_whole_field_that_nobody_has_typed_in_is_rendered_once(self) -> None:
        shown = [components.field(self.AForm()["words"], hint="<Short>", count=200) for _ in range(2)]

        assert shown[0] == shown[1]
        assert "&lt;Short&gt;" in shown[0]
        assert parts._kept.cache_info()[:2] == (2, 2)  # the control, and the field around it

    def test_what_somebody_typed_is_not_kept_in_a_whole_field_either(self) -> None:
        typed = self.AForm({"kind": "c", "words": "my words"})
        begun = self.AForm(initial={"words": "my words"})

        assert all("my words" in components.field(form["words"]) for form in (typed, begun))
        assert parts._kept.cache_info().currsize == 0

        assert "c is not one of the available choices" in components.field(typed["kind"])
        assert parts._kept.cache_info().currsize == 1  # the control, in which nothing is chosen

    def test_nor_in_a_field_around_it(self) -> None:
        class Deciding(forms.Form):
            outcome = forms.ChoiceField(choices=[("a", "Keep"), ("b", "Hide")], widget=forms.RadioSelect)
            reason = forms.CharField(required=False)

        begun = Deciding(initial={"reason": "my words"})

        assert "my words" in components.field(begun["outcome"], reveals=begun["reason"], reveals_at="b")
        assert parts._kept.cache_info().currsize == 0

    def test_words_are_html_only_where_they_were_before(self) -> None:
        safe = lazy(lambda: format_html("<b>{}</b>", "x"), str)()

        shown = [components.field(self.AForm()["words"], hint=hint) for hint in (safe, "<b>x</b>", safe)]

        assert ["<b>x</b>" in one for one in shown] == [True, False, True]
