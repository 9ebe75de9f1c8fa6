"""People join the corp by its code (corp/get_join_qrcode): accounts with a userid that WeCom makes up."""

import secrets

from wecom_sandbox.contacts import accounts, activation, contact_events, departments, members
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.sandbox import Sandbox

LIFE_SECONDS = 7 * 86400


def issue(sandbox: Sandbox, vcode: str) -> str:
    """Keep a code for seven days."""
    sandbox.store.insert("join_codes", vcode=vcode, expires_at=sandbox.clock.now() + LIFE_SECONDS)
    return vcode


def is_open(sandbox: Sandbox, vcode: str) -> bool:
    """Whether a code still lets people in."""
    sql = "SELECT expires_at FROM join_codes WHERE vcode = ?"
    return bool((sandbox.store.value(sql, vcode) or 0.0) > sandbox.clock.now())


def join(sandbox: Sandbox, vcode: str, person: Person) -> str:
    """A person scans the code and joins; the userid.

    Whoever has an account with that phone already logs in to it; another gets a new one with create_user.

    Raises:
        NotPossibleError: the code is over, or the corp is full.
    """
    if not is_open(sandbox, vcode):
        raise NotPossibleError("this code is over")
    with sandbox.store.transaction():
        known = sandbox.store.value("SELECT userid FROM members WHERE mobile = ?", person.phone)
        if known is not None:
            activation.activate_members(sandbox, [known])
            return str(known)
        userid = secrets.token_hex(16)
        fields = members.MemberFields(
            name=person.real_name, mobile=person.phone, departments=[departments.ROOT],
            data={"gender": str(person.gender), "made_up_userid": True},
        )  # fmt: skip
        try:
            accounts.create(sandbox, userid, fields)
        except WeComError as error:
            raise NotPossibleError(error.text()) from error
        if sandbox.behaviour.second_check:
            members.await_check(sandbox.store, userid)
        else:
            members.activate(sandbox.store, userid)
            activation.note_activity(sandbox, userid)
        contact_events.raise_member(sandbox, "create_user", userid)
    return userid
