"""Writes of the OA synchronisation: upload, plan, approve, apply."""

from contacts.oa_sync.services.adopting import adoption_decide
from contacts.oa_sync.services.applying import run_apply
from contacts.oa_sync.services.deciding import (
    plans_watch,
    run_approve,
    run_cancel,
    run_continue,
    run_discard,
)
from contacts.oa_sync.services.planning import (
    files_purge,
    run_plan,
    run_plan_again,
    run_upload,
)
from contacts.oa_sync.services.rules import (
    DryCount,
    PolicyValues,
    cleaned,
    plans_expire,
    policy_set,
    rules_counted,
)

__all__ = [
    "DryCount",
    "PolicyValues",
    "adoption_decide",
    "cleaned",
    "files_purge",
    "plans_expire",
    "plans_watch",
    "policy_set",
    "rules_counted",
    "run_apply",
    "run_approve",
    "run_cancel",
    "run_continue",
    "run_discard",
    "run_plan",
    "run_plan_again",
    "run_upload",
]
