"""The right words: one lead's own values, checked strictly, or no text at all."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.rendering import (
    STANDARD_TOKENS,
    Missing,
    Rendered,
    TemplateError,
    problems,
    render,
    tokens,
)

ADA = {"first_name": "Ada", "last_name": "Lindqvist", "company": "Nordlys AB", "sender_first_name": "Tom"}

RENDERINGS = [
    ("Hi {{ first_name }}!", "Hi Ada!"),
    ("Hi {{first_name}}!", "Hi Ada!"),
    ('Hi {{ first_name | default: "there" }}!', "Hi Ada!"),
    ('Hi {{ nickname | default: "there" }}!', "Hi there!"),
    ("Hi {{title|default:'there'}}!", "Hi there!"),
    ("{{ title | default: company }}", "Nordlys AB"),
    ("{{ title | upcase | default: 'you' }}", "you"),
    ("{{ company | upcase }} {{ company | downcase }}", "NORDLYS AB nordlys ab"),
    ("{{ company | downcase | capitalize }}", "Nordlys ab"),
    ("{{ company | truncate: 7 }}", "Nord..."),
    ('{{ company | truncate: 2, "…" }}', "N…"),
    ("{{ company | truncate: 2 }}", "N..."),
    ("{{ company | truncatewords: 1 }}", "Nordlys..."),
    ("{% if company %}at {{ company }}{% else %}there{% endif %}", "at Nordlys AB"),
    ("{% if title %}as {{ title }}{% else %}there{% endif %}", "there"),
    ("{% unless title %}there{% endunless %}", "there"),
    ("Hi{% if title %} {{ title }}{% elsif company %} {{ company }}{% endif %}", "Hi Nordlys AB"),
    ('{% if company == "Nordlys AB" and first_name contains "d" %}yes{% endif %}', "yes"),
    ('{% if title == "CEO" or title contains "Head" %}yes{% else %}no{% endif %}', "no"),
    ("  Hi {{ first_name }},\n\nhow are you?  \n", "Hi Ada,\n\nhow are you?"),
    ("Hi  {{ first_name }} {% if company %} {% endif %}.", "Hi  Ada  ."),
    ("Hi {{ first_name }},\r\nhow are you?", "Hi Ada,\nhow are you?"),
    ("100 % sure, {just} braces [and] <angles>", "100 % sure, {just} braces [and] <angles>"),
    ("Grüße 👋🏽 {{ first_name }}", "Grüße 👋🏽 Ada"),
]


@pytest.mark.parametrize(("text", "expected"), RENDERINGS)
def test_a_text_is_rendered(text: str, expected: str) -> None:
    assert problems(text, custom_fields=["nickname"]) == ()
    assert render(text, ADA) == Rendered(expected)


@pytest.mark.parametrize("blank", ["", "  ", "\n", "\u200b", "\x00", "\u2060 \ufeff", "\u00a0"])
def test_a_value_nobody_can_see_is_missing(blank: str) -> None:
    assert render("Hi {{ first_name }}!", {"first_name": blank}) == Missing(("first_name",))
    assert render('Hi {{ first_name | default: "there" }}!', {"first_name": blank}) == Rendered("Hi there!")
    assert render("Hi{% if first_name %} you{% endif %}!", {"first_name": blank}) == Rendered("Hi!")


def test_every_missing_name_is_told_once_and_in_order() -> None:
    text = "{{ title }} {{ first_name }} {{ custom.industry }} {{ title }}"
    assert render(text, ADA) == Missing(("title", "custom.industry"))


def test_what_is_not_printed_is_not_missed() -> None:
    assert render("Hi{% if title %} {{ title }}{% endif %}", ADA) == Rendered("Hi")


@pytest.mark.parametrize("text", ["{{ title | upcase }}", "{{ title | truncate: 5 }}", "{{ title | default: email }}"])
def test_no_filter_makes_something_of_nothing(text: str) -> None:
    assert render(text, ADA) == Missing(("title",))


def test_a_text_that_comes_out_blank_is_missing_as_a_whole() -> None:
    assert render("{% if title %}Hello{% endif %} ", ADA) == Missing(())


def test_a_value_is_inserted_as_it_is() -> None:
    nasty = "{{ last_name }} {% if x %} {{ now }} & <b>"
    assert render("Hi {{ first_name }}", {**ADA, "first_name": nasty}) == Rendered(f"Hi {nasty}")


def test_values_are_trimmed_and_lose_control_characters_but_keep_their_lines() -> None:
    values = {"first_name": "\ufeff A\x00d\x07a \u200b", "company": " Nord\r\nlys "}
    assert render("{{ first_name }}|{{ company }}", values) == Rendered("Ada|Nord\nlys")


def test_joined_emoji_stay_joined() -> None:
    family = "👩\u200d👩\u200d👧"
    assert render("{{ first_name }}", {"first_name": family}) == Rendered(family)


def test_a_custom_field_has_two_names() -> None:
    assert render("{{ seats }} {{ custom.seats }}", {"seats": "40"}) == Rendered("40 40")


def test_a_custom_field_named_like_a_standard_one_never_takes_its_place() -> None:
    values = {"company": "Nordlys AB", "custom.company": "Subsidiary"}
    assert render("{{ company }}, {{ custom.company }}", values) == Rendered("Nordlys AB, Subsidiary")
    assert render("{{ custom.company }}", ADA) == Missing(("custom.company",))


def test_the_clock_cannot_be_read_from_a_text() -> None:
    assert render("{{ now }} {{ today }}", ADA) == Missing(("now", "today"))
    assert render("{% if now %}known{% else %}unknown{% endif %}", ADA) == Rendered("unknown")


def test_a_flood_of_text_is_refused() -> None:
    with pytest.raises(TemplateError, match="cannot be rendered"):
        render("{{ first_name }}", {"first_name": "x" * 60_000})


PROBLEMS = [
    ("", "the text is empty", ""),
    (" \n ", "the text is empty", ""),
    ("Hi {{ frist_name }}", "unknown token {{ frist_name }}: did you mean {{ first_name }}?", "frist_name"),
    ("Hi {{ firstName }}", "did you mean {{ first_name }}?", "firstName"),
    ("Hi {{ industri }}", "did you mean {{ industry }}?", "industri"),
    ("{{ xyzzy }}", "it is no standard token and no custom field", "xyzzy"),
    ("{{ frist_name | default: 'there' }}", "did you mean {{ first_name }}?", "frist_name"),
    ("{% if compny %}x{% endif %}", "did you mean {{ company }}?", "compny"),
    ("{{ first_name | default: lastname }}", "did you mean {{ last_name }}?", "lastname"),
    ("{{ now }}", "unknown token {{ now }}", "now"),
    ("{{ company.name }}", "unknown token {{ company.name }}", "company.name"),
    ("Hi\n{{ first name }}", "line 2: {{ first name }} cannot be read", "{{ first name }}"),
    ("Hi\n\n{{ first_name", "line 3: {{ first_name is not closed with }}", "{{ first_name"),
    ("Hi {{ first_name }", "line 1: {{ first_name } is not closed with }}", "{{ first_name }"),
    ("Hi {{ first_name %} there", "is not closed with }}", "{{ first_name %} the"),
    ("Hi first_name }}", "line 1: }} is not expected here: nothing before it is open", "}}"),
    ("Hi {{{ first_name }}}", "two open a token and two close it", "{{{"),
    ("Hi {first_name}", "{first_name} would be sent as it stands: write {{ first_name }}", "{first_name}"),
    ("Hi [First Name]", "[First Name] would be sent as it stands: write {{ first_name }}", "[First Name]"),
    ("{{ }}", "the text cannot be read", ""),
    ("{{ 'quoted' }}", "does not begin with a name", "'quoted'"),
    ("{{ custom[company] }}", "is not a name: write a custom field as {{ custom.key }}", "custom[company]"),
    ("{{ company | shout }}", 'there is no filter "shout": use one of default, capitalize', "shout"),
    ("{{ company | append: ', ' }}", 'there is no filter "append"', "append"),
    ("{{ company | default }}", 'is written like this: {{ first_name | default: "there" }}', "default"),
    ("{{ company | default: 'a', 'b' }}", 'the filter "default" is written like this', "default"),
    ("{{ company | default: '' }}", "the default of {{ company }} is empty", "company"),
    ("{{ company | truncate: 'x' }}", 'the filter "truncate" is written like this', "truncate"),
    ("{{ company | truncate: 0 }}", 'the filter "truncate" is written like this', "truncate"),
    ("{{ company | upcase: 1 }}", 'the filter "upcase" is written like this', "upcase"),
    ("{% if company %}x", "expected tag endif", ""),
    ("{% if %}x{% endif %}", "{% if %} cannot be read", "{% if %}"),
    ("{% if company %}a{% else %}b{% else %}c{% endif %}", "{% else %} cannot be read", "{% else %}"),
    ("{% if company == blank %}x{% endif %}", "ask whether a name has a value", "{% if company == blank %}"),
    ("{% if company != '' %}x{% endif %}", "ask whether a name has a value", "{% if company != '' %}"),
    ("{% if title > 3 %}x{% endif %}", "is not available", "{% if title > 3 %}"),
    ("{% for x in y %}x{% endfor %}", "{% for %} is not available: only {% if %}", "for"),
    ("{% raw %}{{ x }}{% endraw %}", "{% raw %} is not available", "raw"),
    ("{%- assign a = 'b' %}", "{% assign %} is not available", "assign"),
    ("{% include 'x' %}", "{% include %} is not available", "include"),
    ("{% comment %}x{% endcomment %}", "{% comment %} is not available", "comment"),
    ("{% doc %}x{% enddoc %}", "{% doc %} is not available", "doc"),
    ("{% # note %}", "{% # %} is not available", "#"),
    ("{% if company %}" * 11 + "x" + "{% endif %}" * 11, "nesting limit", ""),
    ("{{ company | default: '" + "x" * 300 + "' }}", "more than 300 characters between braces", "{{"),
    ("x" * 20_001, "no message is longer than 20000", ""),
]


@pytest.mark.parametrize(("text", "message", "token"), PROBLEMS)
def test_a_problem_is_named(text: str, message: str, token: str) -> None:
    first = problems(text, custom_fields=["industry"])[0]
    assert message in first.message
    assert first.token == token


AT_FAULT = [text for text, _, _ in PROBLEMS if ("{{" in text or "{%" in text) and tokens(text) <= set(STANDARD_TOKENS)]


@pytest.mark.parametrize("text", AT_FAULT)
def test_a_template_at_fault_is_never_rendered(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, dict.fromkeys(STANDARD_TOKENS, "value"))


def test_all_problems_are_told_at_once_and_each_once() -> None:
    found = problems("{{ frist_name }} {{ xyzzy }} {{ frist_name }} {{ company | shout }}")
    assert [problem.token for problem in found] == ["shout", "frist_name", "xyzzy"]


def test_a_text_that_must_come_out_too_long_is_a_problem() -> None:
    text = "12345{% if company %}67{% else %}890{% endif %}{% if title %}xxxxx{% endif %}{{ first_name }}"
    assert problems(text, limit=7) == ()
    (too_long,) = problems(text, limit=6)
    assert too_long.message == "the text is at least 7 characters long; 6 are allowed"


def test_a_line_end_counts_once_however_it_is_written() -> None:
    assert problems("ab\r\ncd", limit=5) == ()


def test_every_standard_token_can_be_used() -> None:
    text = " ".join(f"{{{{ {name} }}}}" for name in STANDARD_TOKENS)
    assert problems(text) == ()
    assert render(text, dict.fromkeys(STANDARD_TOKENS, "x")) == Rendered(" ".join("x" for _ in STANDARD_TOKENS))


def test_the_tokens_of_a_text_are_listed_wherever_they_stand() -> None:
    text = "{% if title %}{{ first_name | default: name }}{% else %}{{ custom.seats }}{% endif %}"
    assert tokens(text) == {"title", "first_name", "name", "custom.seats"}
    assert tokens("plain") == frozenset()


def test_text_of_nothing_but_braces_is_judged_quickly() -> None:
    """The parser's own expressions are quadratic in such texts; the test would not end."""
    for text in ("{{" * 9_000, "{{" + " " * 19_000, "{% " * 6_000, "{{ a }}" * 2_800):
        problems(text)


names = st.sampled_from(sorted(STANDARD_TOKENS))
plain = st.text(string.ascii_letters + " .,!\n", max_size=20)
readable = st.text(min_size=1, max_size=12).map(lambda text: f"A{text}Z").filter(lambda text: "{" not in text)


@st.composite
def pieces(draw: st.DrawFn) -> str:
    name, other, words = draw(names), draw(names), draw(plain)
    return draw(
        st.sampled_from(
            (
                f"{{{{ {name} }}}}",
                f'{{{{ {name} | default: "there" }}}}',
                f"{{{{ {name} | truncate: 9 | default: {other} }}}}",
                f"{{% if {name} %}}{words}{{{{ {name} }}}}{{% else %}}{words}{{% endif %}}",
                f"{{% unless {name} %}}{words}{{% endunless %}}",
                words,
            )
        )
    )


texts = st.lists(pieces(), min_size=1, max_size=6).map("".join)


@given(texts, st.dictionaries(names, readable))
def test_no_braces_and_no_gap_are_ever_printed(text: str, values: dict[str, str]) -> None:
    result = render(text, values)
    if isinstance(result, Rendered):
        assert "{{" not in result.text and "{%" not in result.text
        assert result.text == result.text.strip() != ""
    else:
        assert not set(result.names) & set(values)


@given(texts, st.dictionaries(names, readable), readable)
def test_only_the_names_of_the_text_are_read(text: str, values: dict[str, str], secret: str) -> None:
    secret = f"secret {secret}"
    strangers = dict.fromkeys(set(STANDARD_TOKENS) - tokens(text), secret)
    assert render(text, values | strangers) == render(text, {**values, **dict.fromkeys(strangers, "")})


@given(texts, st.dictionaries(names, readable))
def test_a_text_with_all_its_values_is_never_missing_one(text: str, values: dict[str, str]) -> None:
    result = render(text, dict.fromkeys(STANDARD_TOKENS, "value") | values)
    assert isinstance(result, Rendered) or result.names == ()


@given(st.text(alphabet="{}%|:'\" ab_.[]if\n", max_size=60))
@example("{%if a%}{%")
@example("{{a|default:'{{'}}")
def test_any_text_has_problems_or_renders(text: str) -> None:
    """Whatever somebody types: no crash, and what is accepted never prints its own braces."""
    if problems(text, custom_fields=["a", "b", "ab"]):
        return
    result = render(text, {"a": "x", "b": "", "ab": "z"})
    assert isinstance(result, Missing) or ("{{" not in result.text and "{%" not in result.text)
