"""Writes of cards: templates, pushing, looking whether WeCom still shows them, what a person decides."""

from contacts.profiles.services.checking import cards_check, check_start
from contacts.profiles.services.deciding import accept, again
from contacts.profiles.services.pushing import cards_push, push_soon, push_start, sweep
from contacts.profiles.services.templates import (
    TemplateDraft,
    draft_apply,
    publish_check,
    second_person_for,
    template_as_seen,
    template_check,
    template_publish,
    template_retire,
    template_save,
)
from contacts.profiles.services.trials import Trial, measure, preview, trial

__all__ = [
    "TemplateDraft",
    "Trial",
    "accept",
    "again",
    "cards_check",
    "cards_push",
    "check_start",
    "draft_apply",
    "measure",
    "preview",
    "publish_check",
    "push_soon",
    "push_start",
    "second_person_for",
    "sweep",
    "template_as_seen",
    "template_check",
    "template_publish",
    "template_retire",
    "template_save",
    "trial",
]
