"""Tags of the address book (contacts.md §4), and the one that 客户联系 leaves out."""

from typing import Any

import pytest

from scrm.core.gateway import wecom
from scrm.wecom.errors import WeComPermanent, WeComPermission
from wecom_sandbox import defaults


@pytest.fixture
def li(wecom_sandbox_world: Any, db: None) -> str:
    wecom("contacts").user.create("li", "李娜", [1], mobile="13800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["li"]})
    return "li"


def test_a_tag_is_made_listed_given_and_taken(li: str) -> None:
    tags = wecom("contacts").tag
    made = tags.create("导购")
    assert [(one.tag_id, one.name) for one in tags.list()] == [
        (defaults.NO_CONTACT_TAG, defaults.NO_CONTACT_TAG_NAME), (made, "导购"),
    ]  # fmt: skip

    tags.add_users(made, ["li"])
    tags.add_users(made, ["LI"])
    assert tags.get(made) == ("li",)
    tags.del_users(made, ["li"])
    assert tags.get(made) == ()


@pytest.mark.parametrize(
    ("call", "errcode"),
    [
        (lambda tags: tags.create("导购"), 40071),
        (lambda tags: tags.create("x" * 33), 40072),
        (lambda tags: tags.create("新", tag_id=defaults.NO_CONTACT_TAG), 40072),
        (lambda tags: tags.add_users(77, ["li"]), 40068),
        (lambda tags: tags.add_users(defaults.NO_CONTACT_TAG, ["nobody"]), 40070),
        (lambda tags: tags.add_users(defaults.NO_CONTACT_TAG, ["li", "nobody"]), 40070),
        (lambda tags: tags.del_users(defaults.NO_CONTACT_TAG, ["li"]), 40031),
    ],
)
def test_wecoms_refusals(li: str, call: Any, errcode: int) -> None:
    tags = wecom("contacts").tag
    tags.create("导购")

    with pytest.raises(WeComPermanent) as caught:
        call(tags)

    assert caught.value.errcode == errcode


def test_a_tag_belongs_to_the_app_that_made_it(li: str) -> None:
    app, contacts = wecom().tag, wecom("contacts").tag
    made = app.create("门店大使")
    app.add_users(made, ["li"])

    assert app.list() == contacts.list()
    for other, tag_id in ((app, defaults.NO_CONTACT_TAG), (contacts, made)):
        with pytest.raises(WeComPermission, match="301002"):
            other.add_users(tag_id, ["li"])
    assert contacts.get(made) == ("li",)
    assert contacts.get(defaults.NO_CONTACT_TAG) == ()


def test_the_tag_takes_customer_contact_away_and_gives_it_back(
    li: str, wecom_sandbox_world: Any
) -> None:
    client, tags = wecom(), wecom("contacts").tag
    way = client.contact_way.add(["li"], state="s")

    tags.add_users(defaults.NO_CONTACT_TAG, ["li"])
    assert client.external_contact.get_follow_user_list() == ()
    with pytest.raises(WeComPermission, match="84074"):
        client.contact_way.add(["li"], state="t")
    person = wecom_sandbox_world.control.get("people", limit=1)[0]
    from wecom_sandbox.testing import ControlError

    with pytest.raises(ControlError):
        wecom_sandbox_world.control.post(
            "scan", {"config_id": way.config_id, "person_id": person["id"]}
        )

    tags.del_users(defaults.NO_CONTACT_TAG, ["li"])
    assert client.external_contact.get_follow_user_list() == ("li",)
