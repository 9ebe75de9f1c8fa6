"""Writes of the OA synchronisation: upload, plan, approve, apply."""

from contacts.oa_sync.services.applying import run_apply
from contacts.oa_sync.services.deciding import run_approve, run_continue, run_discard
from contacts.oa_sync.services.planning import (
    files_purge,
    policy_set,
    run_plan,
    run_plan_again,
    run_upload,
)

__all__ = [
    "files_purge",
    "policy_set",
    "run_apply",
    "run_approve",
    "run_continue",
    "run_discard",
    "run_plan",
    "run_plan_again",
    "run_upload",
]
