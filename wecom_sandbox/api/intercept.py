"""敏感词 rules (marketing.md §7)."""

import json
from typing import Any

from wecom_sandbox import ledger
from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import intercepts, member_ranges
from wecom_sandbox.sandbox import Sandbox

MOST_NAME, MOST_WORDS, MOST_WORD = 20, 300, 32


@endpoint(
    "POST", "externalcontact/add_intercept_rule", doc="95097", access=Access.APP,
    rules="100 rules, name 20 chars, 300 words of 32 chars, 1,000 nodes; 60011 60111 60123",
)  # fmt: skip
def add_intercept_rule(call: Call) -> dict[str, Any]:
    """Make a rule."""
    data = {
        "rule_name": _name(call),
        "word_list": _words(call),
        "semantics_list": _semantics(call.body.get("semantics_list")),
        "intercept_type": _type(call),
        "applicable_range": member_ranges.need_range(call, "applicable_range"),
    }
    at = call.sandbox.clock.seconds()
    return {"rule_id": intercepts.create(call.sandbox.store, data, app=call.caller.name, at=at)}


@endpoint(
    "GET", "externalcontact/get_intercept_rule_list", doc="95097", access=Access.APP,
    rules="all rules of the corp",
)  # fmt: skip
def get_intercept_rule_list(call: Call) -> dict[str, Any]:
    """Id, name and time of every rule."""
    rows = call.sandbox.store.rows("SELECT * FROM intercept_rules ORDER BY serial")
    listed = [
        {
            "rule_id": row["rule_id"],
            "rule_name": json.loads(row["data"])["rule_name"],
            "create_time": row["create_time"],
        }
        for row in rows
    ]
    return {"rule_list": listed}


@endpoint(
    "POST", "externalcontact/get_intercept_rule", doc="95097", access=Access.APP,
    rules="40058 unknown rule_id",
)  # fmt: skip
def get_intercept_rule(call: Call) -> dict[str, Any]:
    """One rule; its semantics stand inside extra_rule."""
    row = intercepts.need(call.sandbox.store, call.need_text("rule_id", BAD_PARAMETER))
    data = json.loads(row["data"])
    rule = {
        "rule_id": row["rule_id"],
        "rule_name": data["rule_name"],
        "create_time": row["create_time"],
        "word_list": data["word_list"],
        "extra_rule": {"semantics_list": data["semantics_list"]},
        "intercept_type": data["intercept_type"],
        "applicable_range": data["applicable_range"],
    }
    return {"rule": rule}


@endpoint(
    "POST", "externalcontact/update_intercept_rule", doc="95097", access=Access.APP,
    rules="given fields overwrite, ranges are added and removed; 301002 another app's; as add",
)  # fmt: skip
def update_intercept_rule(call: Call) -> dict[str, Any]:
    """Overwrite what is given; the range changes by what is added and removed."""
    store = call.sandbox.store
    row = intercepts.need_own(store, call.need_text("rule_id", BAD_PARAMETER), call.caller.name)
    data = json.loads(row["data"])
    if "rule_name" in call.body:
        data["rule_name"] = _name(call)
    if "word_list" in call.body:
        data["word_list"] = _words(call)
    if "extra_rule" in call.body:
        data["semantics_list"] = _semantics(call.section("extra_rule").get("semantics_list"))
    if "intercept_type" in call.body:
        data["intercept_type"] = _type(call)
    data["applicable_range"] = _moved_range(call, data["applicable_range"])
    store.run(
        "UPDATE intercept_rules SET data = ? WHERE rule_id = ?",
        json.dumps(data, ensure_ascii=False), row["rule_id"],
    )  # fmt: skip
    return {}


@endpoint(
    "POST", "externalcontact/del_intercept_rule", doc="95097", access=Access.APP,
    rules="40058 unknown, 301002 another app's",
)  # fmt: skip
def del_intercept_rule(call: Call) -> dict[str, Any]:
    """Delete a rule the app made."""
    store = call.sandbox.store
    row = intercepts.need_own(store, call.need_text("rule_id", BAD_PARAMETER), call.caller.name)
    store.run("DELETE FROM intercept_rules WHERE rule_id = ?", row["rule_id"])
    return {}


@ledger.reader("intercepts")
def _hits(sandbox: Sandbox) -> list[dict[str, Any]]:
    rows = sandbox.store.rows("SELECT * FROM intercepts ORDER BY id")
    return [dict(row) | {"blocked": bool(row["blocked"])} for row in rows]


def _name(call: Call) -> str:
    name = call.need_text("rule_name", BAD_PARAMETER)
    if len(name) > MOST_NAME:
        raise WeComError(BAD_PARAMETER, f"rule_name longer than {MOST_NAME} characters")
    return name


def _words(call: Call) -> list[str]:
    words = list(dict.fromkeys(call.texts("word_list")))
    if not 1 <= len(words) <= MOST_WORDS:
        raise WeComError(BAD_PARAMETER, f"word_list must hold 1 to {MOST_WORDS} words")
    if not all(1 <= len(word) <= MOST_WORD for word in words):
        raise WeComError(BAD_PARAMETER, f"a word must have 1 to {MOST_WORD} characters")
    return words


def _semantics(values: object) -> list[int]:
    if values is None:
        return []
    if not isinstance(values, list):
        raise WeComError(BAD_PARAMETER, "semantics_list must be a list")
    return sorted({whole_number(value, "semantics_list", least=1, most=3) for value in values})


def _type(call: Call) -> int:
    if "intercept_type" not in call.body:
        raise WeComError(BAD_PARAMETER, "intercept_type missing")
    return call.number("intercept_type", intercepts.BLOCK, least=1, most=2)


def _moved_range(call: Call, present: dict[str, Any]) -> dict[str, Any]:
    added = member_ranges.read(call, "add_applicable_range")
    removed = member_ranges.read(call, "remove_applicable_range")
    moved = {
        field: [
            node for node in dict.fromkeys([*present[field], *added[field]])
            if node not in removed[field]
        ]
        for field in ("user_list", "department_list")
    }  # fmt: skip
    if not moved["user_list"] and not moved["department_list"]:
        raise WeComError(BAD_PARAMETER, "applicable_range would be empty")
    return moved
