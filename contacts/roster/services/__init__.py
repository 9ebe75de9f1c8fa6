"""Writes of the roster: people and files sent in, decided, made into accounts, ended."""

from contacts.roster.services.accounts import accounts_run, accounts_start, accounts_sweep
from contacts.roster.services.deciding import (
    extension_decide,
    people_approve,
    person_refuse,
    person_retry,
)
from contacts.roster.services.files import (
    JudgedPeople,
    file_drop,
    file_judged,
    file_send,
    file_take,
    refused_of,
    refused_take,
)
from contacts.roster.services.keeping import people_remind, roster_purge
from contacts.roster.services.sending import (
    PersonSent,
    extension_ask,
    person_end,
    person_send,
    person_withdraw,
)

__all__ = [
    "JudgedPeople",
    "PersonSent",
    "accounts_run",
    "accounts_start",
    "accounts_sweep",
    "extension_ask",
    "extension_decide",
    "file_drop",
    "file_judged",
    "file_send",
    "file_take",
    "people_approve",
    "people_remind",
    "person_end",
    "person_refuse",
    "person_retry",
    "person_send",
    "person_withdraw",
    "refused_of",
    "refused_take",
    "roster_purge",
]
