"""The first steps of an installation: what is done, what comes next, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scrm.core.scope import Scope
from scrm.home.figure import Figure
from scrm.home.menu import page_url
from scrm.setup.selectors import is_connected


@dataclass(frozen=True)
class Step:
    """One line of the checklist as the page draws it."""

    title: Promise
    reason: Promise
    done: bool
    url: str
    action: Promise


@dataclass(frozen=True)
class _Plan:
    title: Promise
    reason: Promise
    permission: str
    url_name: str
    action: Promise
    is_done: Callable[[Mapping[str, Figure]], bool]


def _counted(key: str) -> Callable[[Mapping[str, Figure]], bool]:
    return lambda figures: key in figures and figures[key].value > 0


PLANS: tuple[_Plan, ...] = (
    _Plan(
        _("Connect WeCom"),
        _("IT enters corp id, app and keys once; each step has its own test."),
        "home.view",
        "setup:index",
        _("Open the set-up"),
        lambda figures: is_connected(),
    ),
    _Plan(
        _("Read the OA file"),
        _("Employees and departments become WeCom accounts, after you approved the plan."),
        "oa_sync.view",
        "oa_sync:list",
        _("Upload the files"),
        _counted("members"),
    ),
    _Plan(
        _("Bind the stores"),
        _("A store without an account cannot receive customers."),
        "org.view",
        "org:list",
        _("Import bindings"),
        _counted("stores"),
    ),
    _Plan(
        _("Make the first live code"),
        _("Its picture is what customers scan to add a guide."),
        "live_codes.view",
        "live_codes:list",
        _("Make a live code"),
        _counted("live_codes"),
    ),
    _Plan(
        _("Import the CRM members"),
        _("So that a customer in WeCom and a member in the CRM become one person."),
        "crm.view",
        "crm:list",
        _("Import members"),
        _counted("crm_members"),
    ),
    _Plan(
        _("See the first customer arrive"),
        _("Scan the code with a phone: the customer appears within seconds."),
        "relations.view",
        "relations:list",
        _("Open the customer list"),
        _counted("customers"),
    ),
)


def steps_for(scope: Scope, figures: Mapping[str, Figure]) -> list[Step]:
    """Return the steps a person may take, with their state; counts nothing of its own."""
    return [
        Step(
            plan.title,
            plan.reason,
            plan.is_done(figures),
            page_url(scope, plan.url_name),
            plan.action,
        )
        for plan in PLANS
        if scope.allows(plan.permission)
    ]
