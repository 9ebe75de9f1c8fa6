"""The hand-over report as Markdown: what was tested, by whom, with which outcome; no secret is in it."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from scrm.core import credentials, own_address
from scrm.setup import selectors
from scrm.setup.words import words_of


def markdown() -> str:
    """Return the report in the reader's language."""
    app = credentials.app_credentials("scrm")
    facts = (
        (_("Made at"), _moment(timezone.now())),
        (_("Address"), own_address.base_url()),
        (_("Corp id"), credentials.corp_id() or "—"),
        (_("AgentId"), str(app.agent_id) if app and app.agent_id else "—"),
    )
    head = [f"# {_('WeCom set-up report')}", ""]
    head += [f"- {name}: {_cell(value)}" for name, value in facts]
    titles = (_("Step"), _("State"), _("Seen"), _("What to do"), _("Tested"))
    table = ["", f"| {' | '.join(titles)} |", "|---|---|---|---|---|"]
    return "\n".join([*head, *table, *(_row(state) for state in selectors.states()), ""])


def _row(state: selectors.StepState) -> str:
    title = f"{state.number}. {state.step.title}"
    result = state.result
    if result is None:
        cells = [title, _("not tested yet"), "", "", ""]
    else:
        words = words_of(result)
        who = f"{_moment(result.at)} {result.by or ''}".strip()
        cells = [title, result.get_outcome_display(), words.seen, f"{words.hint} {words.link}", who]
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "Y-m-d H:i")


def _cell(text: str) -> str:
    """Return text that stays in its cell of a Markdown table."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())
