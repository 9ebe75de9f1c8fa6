"""Live codes, welcomes and adds for tests."""

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from attribution.adds.models import AddEpisode
from attribution.entries.models import Entry, EntryStore
from attribution.live_codes.models import LiveCode, LiveCodeMember
from attribution.welcome.models import WelcomeTemplate
from contacts.org.selectors import bindings_of
from contacts.parameters import services as parameters
from scrm.inbox.handling import Event


class LiveCodeFactory(DjangoModelFactory[LiveCode]):
    """A working code that WeCom knows."""

    class Meta:
        model = LiveCode
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"活码{n}")
    state = factory.Sequence(lambda n: f"state-{n:021d}")
    config_id = factory.Sequence(lambda n: f"config-{n}")
    status = LiveCode.Status.ACTIVE
    link = "https://work.weixin.qq.com/u/vcabc"
    told_name = factory.SelfAttribute("name")

    @factory.post_generation
    def members(self, create: bool, extracted: Any, **_kwargs: Any) -> None:
        for position, member in enumerate(extracted or (), start=1):
            LiveCodeMember.objects.create(live_code=self, member=member, position=position)
        self.told_userids = [member.userid for member in extracted or ()]  # type: ignore[attr-defined]
        self.save()  # type: ignore[attr-defined]


class EntryFactory(DjangoModelFactory[Entry]):
    """An entry on the order result page that headquarters shows."""

    class Meta:
        model = Entry

    code = factory.Sequence(lambda n: f"result-{n}")
    name = factory.Sequence(lambda n: f"下单入口{n}")
    place = "order_result"
    hook = "benefit"
    title = "领取专属福利"
    text = "添加门店导购,领 20 元券"
    button = "去领取"
    status = Entry.Status.SHOWN
    checked_at = factory.LazyFunction(lambda: datetime.now(UTC))


class EntryStoreFactory(DjangoModelFactory[EntryStore]):
    """An entry shown at a store, with a working code; give `entry` and `store`."""

    class Meta:
        model = EntryStore

    token = factory.LazyAttribute(
        lambda o: parameters.issue(kind="entry", store=o.store, payload={"entry": o.entry.pk})
    )
    live_code = factory.LazyAttribute(
        lambda o: LiveCodeFactory(state=o.token, members=[b.member for b in bindings_of(o.store)])
    )
    is_shown = True
    checked_at = factory.LazyFunction(lambda: datetime.now(UTC))


class WelcomeTemplateFactory(DjangoModelFactory[WelcomeTemplate]):
    """The default welcome."""

    class Meta:
        model = WelcomeTemplate

    text = "你好 {nickname},我是{store}的{guide}"


class AddEpisodeFactory(DjangoModelFactory[AddEpisode]):
    """An add that lasts."""

    class Meta:
        model = AddEpisode

    userid = "guide_li"
    external_userid = factory.Sequence(lambda n: f"wm{n:030d}")
    started_at = factory.LazyFunction(lambda: datetime.now(UTC))


def add_event(change_type: str = "add_external_contact", *, at: datetime, **fields: str) -> Event:
    """Return an event as the inbox hands it over."""
    return Event(
        id=1, app="scrm", event="change_external_contact", change_type=change_type, occurred_at=at, received_at=at,
        fields={"UserID": "guide_li", "ExternalUserID": "wm1", **fields},
    )  # fmt: skip
