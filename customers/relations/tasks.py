"""Bulk reads of customers."""

from dataclasses import astuple
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contacts.directory.services import members_ensure
from customers.relations.bulk import PageCounts
from customers.relations.services import member_refresh
from scrm.core.excel import error_workbook
from scrm.core.gateway import wecom
from scrm.core.jobs.services import Run, running
from scrm.wecom.errors import WeComAuth, WeComError, WeComQuota, WeComRetryable


@shared_task(name="customers.relations_sync")
def relations_sync(job_id: str) -> None:
    """Read the customers of every member who has customer contact; resumes at the first page not yet stored."""
    with running(job_id) as run:
        userids = sorted(
            set(wecom(lane="sync").external_contact.get_follow_user_list()), key=str.lower
        )
        members = members_ensure(userids)
        done = run.cursor or {"after": "", "created": 0, "updated": 0, "read": 0, "errors": []}
        run.advance(total=len(userids))
        for userid in userids:
            if userid.lower() <= done["after"]:
                continue
            run.check_cancelled()
            _refresh_one(run, members[userid.lower()], done)
        run.result(relations=done["read"], created=done["created"], updated=done["updated"])
        if done["errors"]:
            _attach(run, done["errors"])


def _refresh_one(run: Run, member: Any, done: dict[str, Any]) -> None:
    """Read one member; an error that is hers alone is kept in words and the job goes on."""
    begun = done.pop("begun", {})
    if begun.get("userid") != member.userid:
        begun = {"userid": member.userid, "cursor": "", "counts": [0, 0, 0]}
    before = PageCounts(*begun["counts"])

    def stored(cursor: str, counts: PageCounts) -> None:
        kept = {"userid": member.userid, "cursor": cursor, "counts": [*astuple(before + counts)]}
        run.advance(cursor={**done, "begun": kept})

    try:
        counts = before + member_refresh(member, begun["cursor"], stored)
    except WeComQuota as error:
        until = timezone.now() + timedelta(seconds=max(error.retry_after, 30))
        run.pause(error.words(get_language() or "en"), until=until)
    except (WeComRetryable, WeComAuth):
        raise
    except WeComError as error:
        done["errors"].append([member.userid, error.words(get_language() or "en")])
        done["after"] = member.userid.lower()
        run.advance(processed=1, failed=1, cursor=done)
    else:
        done["after"] = member.userid.lower()
        done["read"] += counts.read
        done["created"] += counts.created
        done["updated"] += counts.updated
        run.advance(processed=1, succeeded=1, cursor=done)


def _attach(run: Run, errors: list[list[str]]) -> None:
    column = _("Member")
    rows = [({column: userid}, words) for userid, words in errors]
    run.attach_errors(error_workbook([column], rows), filename="relations-sync-errors.xlsx")
