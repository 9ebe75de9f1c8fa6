"""Groups of the simulator: the full read, its events through our inbox, figures, templates."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from customers.groups import services, tasks, welcoming
from customers.groups.models import CustomerGroup, GroupDay, GroupMember, GroupWelcome
from scrm.core.exceptions import Conflict, ExternalFailure
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun, JobState
from scrm.inbox.worker import drain
from tests.factories.contacts import MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def control(wecom_sandbox_world: Any) -> Any:
    """A corp with guides Li and Wang, who are friends with the first six people."""
    control = wecom_sandbox_world.control
    for number, userid in enumerate(("li", "wang")):
        wecom("contacts").user.create(userid, userid, [1], mobile=f"1390000000{number}")
        MemberFactory(userid=userid, name=userid, can_follow=True)
    control.post("activate", {"all": True})
    for userid in ("li", "wang"):
        way = wecom().contact_way.add([userid], scene=2, type=2)
        for one in control.get("people", limit=6):
            control.post("scan", {"config_id": way.config_id, "person_id": one["id"]})
    return control


@pytest.fixture
def people(control: Any) -> list[dict[str, Any]]:
    return list(control.get("people", limit=6))


def ids(people: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in people]


def ledger_of(control: Any) -> set[tuple[str, str, str]]:
    """What is true in the simulator: group, name of the group, who is in it."""
    return {
        (group["chat_id"], group["name"], member["userid"])
        for group in control.get("ledger/groups")
        if group["dismissed_at"] is None
        for member in group["members"]
    }


def ours() -> set[tuple[str, str, str]]:
    rows = GroupMember.objects.filter(left_at=None, group__dismissed_at=None)
    return set(rows.values_list("group__chat_id", "group__name", "userid"))


def job() -> JobRun:
    return JobRun.objects.filter(kind=services.KIND).latest("created_at")


def run_sync() -> JobRun:
    found = JobRun.objects.create(kind=services.KIND, task="customers.groups_sync")
    tasks.groups_sync(str(found.pk))
    found.refresh_from_db()
    return found


def test_a_full_read_is_equal_to_what_is_true(control: Any, people: Any) -> None:
    # given groups of both guides
    first = control.post("group", {"owner": "li", "name": "一群", "people": ids(people[:4])})
    control.post(
        "group", {"owner": "wang", "name": "二群", "people": ids(people[2:]), "members": ["li"]}
    )

    done = run_sync()

    # then ours are equal, row by row; a second read changes nothing
    assert (done.state, done.processed, done.result["groups"]) == (JobState.DONE, 2, 2)
    assert ours() == ledger_of(control)
    # and what happened unseen is found: a group gone, a member gone, another name
    control.post("group_change", {"chat_id": first["chat_id"], "action": "dismiss", "by": "li"})
    other = CustomerGroup.objects.get(owner_userid="wang")
    gone = {"chat_id": other.chat_id, "action": "leave", "person_id": people[5]["id"]}
    control.post("group_change", gone)
    again = run_sync()
    assert (again.result["gone"], ours()) == (1, ledger_of(control))
    assert CustomerGroup.objects.get(chat_id=first["chat_id"]).dismissed_at is not None


def test_a_read_goes_on_behind_the_last_chain(control: Any, people: Any, monkeypatch: Any) -> None:
    # given chains of one owner each, and a break behind the first
    monkeypatch.setattr(services, "OWNERS", 1)
    owners = services.owners_after
    monkeypatch.setattr(services, "owners_after", lambda after, count=1: owners(after, count))
    for owner in ("li", "wang"):
        control.post("group", {"owner": owner, "name": owner, "people": ids(people[:1])})
    found = JobRun.objects.create(
        kind=services.KIND, task="customers.groups_sync",
        cursor={"after": "li", "groups": 1, "gone": 0, "errors": []},
    )  # fmt: skip

    tasks.groups_sync(str(found.pk))

    found.refresh_from_db()
    assert (found.state, found.result["groups"]) == (JobState.DONE, 2)
    assert list(CustomerGroup.objects.values_list("owner_userid", flat=True)) == ["wang"]


def test_an_owner_wecom_does_not_know_spoils_nobody_else(control: Any, people: Any) -> None:
    MemberFactory(userid="nobody_there", can_follow=True)
    control.post("group", {"owner": "li", "name": "一群", "people": ids(people[:1])})

    done = run_sync()

    assert (done.state, done.result) == (JobState.DONE, {"groups": 1, "gone": 0, "failed": 1})
    assert done.cursor["errors"][0][0] == "nobody_there"
    assert done.cursor["errors"][0][2]
    assert done.error_file_name == "group-errors.xlsx"


def test_one_group_that_fails_is_told_in_words_and_tried_again(control: Any, people: Any) -> None:
    chat = control.post("group", {"owner": "li", "name": "一群", "people": ids(people[:1])})
    control.post(
        "faults",
        {
            "endpoint": "externalcontact/groupchat/get",
            "kind": "errcode",
            "value": 60011,
            "count": 1,
        },
    )

    done = run_sync()

    group = CustomerGroup.objects.get(chat_id=chat["chat_id"])
    assert (done.result["failed"], bool(group.problem), group.observed_at) == (1, True, None)
    CustomerGroup.objects.update(reread_at=timezone.now())
    assert services.rereads_due() == 1
    group.refresh_from_db()
    assert (group.problem, group.reread_at, group.customers_count) == ("", None, 1)


def test_only_one_full_read_at_a_time(control: Any, hq_ops: Any, settings: Any) -> None:
    JobRun.objects.create(kind=services.KIND, task="customers.groups_sync", state=JobState.RUNNING)

    with pytest.raises(Conflict):
        services.sync_start(actor=hq_ops)


def test_every_event_of_a_group_arrives(control: Any, people: Any, live_server: Any) -> None:
    # given our endpoint at WeCom
    url = f"{live_server.url}/wecom/callback/scrm/"
    assert control.post("callback_urls", {"app": "scrm", "url": url})["ok"]

    def told() -> None:
        assert control.post("wait_idle", {"timeout": 30})["idle"]
        drain()
        assert ours() == ledger_of(control)

    # when a group is made
    chat = control.post("group", {"owner": "li", "name": "一群", "people": ids(people[:2])})[
        "chat_id"
    ]
    told()
    # and people come and go, each in their way
    change = {"chat_id": chat, "by": "li"}
    control.post(
        "group_change",
        change | {"action": "invite", "people": ids(people[2:4]), "members": ["wang"]},
    )
    told()
    control.post("group_change", {"chat_id": chat, "action": "leave", "person_id": people[0]["id"]})
    told()
    outsider = GroupMember.objects.filter(left_at=None, kind=2).order_by("-pk")[0]
    control.post("group_change", change | {"action": "remove", "userids": [outsider.userid]})
    told()
    ways = GroupMember.objects.exclude(left_at=None).order_by("left_at", "pk")
    assert list(ways.values_list("left_by_event", "quit_scene")) == [(True, 0), (True, 1)]
    # and name, notice and owner change
    control.post("group_change", change | {"action": "rename", "name": "新名"})
    control.post("group_change", change | {"action": "notice", "notice": "公告"})
    control.post("group_change", change | {"action": "owner", "userid": "wang"})
    told()
    group = CustomerGroup.objects.get()
    group_refreshed(group)
    assert (group.name, group.notice, group.owner_userid) == ("新名", "公告", "wang")
    assert group.owner is not None

    # and the end comes
    control.post("group_change", {"chat_id": chat, "by": "wang", "action": "dismiss"})
    told()
    group.refresh_from_db()
    assert (group.dismissed_at is not None, group.members_count) == (True, 0)


def group_refreshed(group: CustomerGroup) -> None:
    """Do what the clock does for a group an event asked to read again."""
    CustomerGroup.objects.filter(reread_at__gt=F("observed_at")).update(reread_at=timezone.now())
    services.rereads_due()
    group.refresh_from_db()


def test_figures_of_a_day_are_kept_by_owner(control: Any, people: Any) -> None:
    control.post("group", {"owner": "li", "name": "一群", "people": ids(people[:2])})
    control.post("clock", {"advance": 86400})
    day = timezone.localdate()

    assert services.figures_read(day, ["li", "nobody_there", "wang"]) == 1
    assert services.figures_read(day, ["li", "wang"]) == 1

    row = GroupDay.objects.get()
    assert (row.day, row.owner_userid, row.chat_total, row.new_member_cnt) == (day, "li", 1, 2)
    assert row.owner is not None
    assert row.day + timedelta(days=1) > day


def test_a_welcome_template_greets_who_comes_in(control: Any, people: Any, hq_ops: Any) -> None:
    # given a template with a link
    values = {"title": "欢迎", "text": "欢迎入群", "kind": "link", "link_title": "会员中心",
              "link_text": "", "link_url": "https://example.com/a", "told": True}  # fmt: skip
    welcome = welcoming.welcome_save(None, values, actor=hq_ops)

    # then WeCom has it, a change reaches it, and it goes
    assert wecom().group_welcome.get(welcome.template_id).url == "https://example.com/a"
    welcoming.welcome_save(welcome, values | {"text": "你好", "kind": ""}, actor=hq_ops)
    read = wecom().group_welcome.get(welcome.template_id)
    assert (read.text, read.kind) == ("你好", "")
    welcoming.welcome_delete(welcome, actor=hq_ops)
    assert control.get("ledger/group_welcomes") == []
    assert GroupWelcome.objects.get().deleted_at is not None


def test_a_template_wecom_refuses_is_not_kept(control: Any, hq_ops: Any) -> None:
    control.post(
        "faults",
        {
            "endpoint": "externalcontact/group_welcome_template/add",
            "kind": "errcode",
            "value": 41055,
            "count": 1,
        },
    )

    with pytest.raises(ExternalFailure):
        welcoming.welcome_save(None, {"title": "a", "text": "b", "told": False}, actor=hq_ops)

    assert not GroupWelcome.objects.exists()
