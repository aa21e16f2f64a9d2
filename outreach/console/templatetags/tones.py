"""The one colour mapping, for templates."""

from django import template

from outreach.console.tones import Tone, tone_of

register = template.Library()
HEALTH = {Tone.GOOD: "good", Tone.NEWS: "news", Tone.CARE: "care", Tone.HARM: "harm"}


@register.filter
def tone(state: str) -> str:
    """The label colour of a stored state."""
    return str(tone_of(state))


@register.filter
def health(state: str) -> str:
    """The dot colour of an account's state."""
    return HEALTH.get(tone_of(state), "calm")
