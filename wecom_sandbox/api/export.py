"""Asynchronous exports of the address book (docs 94849-94854)."""

import re
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.contacts import contact_jobs, exports, member_tags
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError

_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_RULES = (
    "encoding_aeskey 43 letters and digits, block_size 10,000 to 1,000,000 (40058); visible range"
)
# get_result counts from 0; an import's states from 1.
_WAITING, _FAILED = 0, 3


@endpoint(
    "POST", "export/simple_user", doc="94849", access=Access.CONTACT_READ, rules=_RULES
)  # fmt: skip
def simple_user(call: Call) -> dict[str, Any]:
    """Members, short."""
    return _submit(call, "export_simple_user")


@endpoint(
    "POST", "export/user", doc="94851", access=Access.CONTACT_READ, rules=_RULES + "; no sensitive fields"
)  # fmt: skip
def user(call: Call) -> dict[str, Any]:
    """Members with their fields."""
    return _submit(call, "export_user")


@endpoint("POST", "export/department", doc="94852", access=Access.CONTACT_READ, rules=_RULES)
def department(call: Call) -> dict[str, Any]:
    """Departments."""
    return _submit(call, "export_department")


@endpoint(
    "POST", "export/taguser", doc="94853", access=Access.CONTACT_READ, rules=_RULES + "; 40068"
)  # fmt: skip
def taguser(call: Call) -> dict[str, Any]:
    """Members and departments of a tag."""
    member_tags.need(call.sandbox.store, call.number("tagid", -1, least=-1))
    return _submit(call, "export_taguser")


@endpoint(
    "GET", "export/get_result", doc="94854", access=Access.CONTACT_READ,
    rules="40088; 301002 for another app's; 0 waiting, 1 under way, 2 done, 3 failed; files for two hours",
)  # fmt: skip
def get_result(call: Call) -> dict[str, Any]:
    """How far an export is, and its files."""
    jobid = call.need_query("jobid", 40088)
    job = contact_jobs.need(call.sandbox, jobid, app=call.caller.name, exports=True)
    status, _ = contact_jobs.progress(call.sandbox, job)
    found = _FAILED if job["errcode"] else status - 1 + _WAITING
    data_list = exports.files(call.sandbox, job["jobid"], call.base_url)
    return {"status": found, "data_list": data_list}


def _submit(call: Call, kind: str) -> dict[str, Any]:
    if not _AES_KEY.fullmatch(call.need_text("encoding_aeskey")):
        raise WeComError(BAD_PARAMETER, "encoding_aeskey must be 43 letters and digits")
    call.number(
        "block_size", exports.MOST_BLOCK, least=exports.LEAST_BLOCK, most=exports.MOST_BLOCK
    )
    jobid = contact_jobs.submit(
        call.sandbox, kind, app=call.caller.name, request=call.body, total=0
    )
    return {"jobid": jobid}
