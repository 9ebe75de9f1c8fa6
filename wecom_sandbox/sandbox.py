"""The sandbox as a whole: what belongs to it, its start state and its reset."""

import json
import threading
from pathlib import Path
from typing import Any

from wecom_sandbox.clock import Clock
from wecom_sandbox.customers import drawn
from wecom_sandbox.customers.people import People, Person
from wecom_sandbox.defaults import CORP_NAME, NO_CONTACT_TAG, NO_CONTACT_TAG_NAME, ROBOT_KEY
from wecom_sandbox.delivery import Delivery
from wecom_sandbox.faults import Faults
from wecom_sandbox.rates import Rates
from wecom_sandbox.scopes import Scopes
from wecom_sandbox.store import Store
from wecom_sandbox.tokens import Tokens


class Behaviour:
    """Switches for what the documentation leaves open or what depends on the corp.

    Attributes:
        half_visible: a customer who added a member who has not confirmed yet can be read by API.
        unverified: what an add without skip_verify raises: ``half`` (add_half_external_contact at once)
            or ``request`` (nothing until the member accepts).
        short_pages: cursor pages begin with an empty one and hold half of ``limit``.
        qr_links: what a QR picture holds: ``local`` (opens the phone page) or ``wecom``.
        customer_limit: customers one member can take over by a transfer; 0 for no limit.
        transfer_rule: hand-overs of a customer within 90 days: ``twice``, or ``protected`` (one).
        medical: the corp is of the medical trade, so that temporary chats may be made.
        way_limit, temp_way_limit: contact ways the corp may have; temporary ones it may make in a day.
        mass_rule: how many mass messages one customer gets from the corp: as many as the ``month`` has days,
            seven a ``week`` or one a ``day``.
        moment_month_limit, moment_day_limit: corp moments one customer sees in a month; moments of one member
            that a customer sees in a day.
        moment_seconds: how long WeCom takes to make a moment task.
        open_profile: whether opening an acquisition link is told (only for some trades).
        archive_media_days: days for which a file of the archive can be fetched.
        auto_create_room: what a join way does by default when its groups are full: 1 opens another, 0 does not.
        group_transfer_event: a group's new owner by API is told as ``change_owner``.
        api_edits_raise: remark and mark_tag by API raise edit_external_contact.
        hide_left_out: customers of a member without 客户联系 are not shown by the API.
        account_limit: accounts the corp may have (账号上限); three times as many may be made in a month.
        second_check: new members wait for user/authsucc after their first login (二次验证).
        member_attributes: names of the members' attributes of the admin console; others are ignored.
        full_contact_events: the contact sync callback was set before 2022-08-15 and hears all fields.
        job_seconds: how long an asynchronous import or export of the address book takes.
        own_welcome: userids with a welcome set in the admin console: their adds carry no WelcomeCode.
    """

    def __init__(self) -> None:
        self.half_visible = False
        self.unverified = "half"
        self.short_pages = False
        self.qr_links = "local"
        self.customer_limit = 0
        self.transfer_rule = "twice"
        self.medical = False
        self.way_limit, self.temp_way_limit = 500_000, 100_000
        self.mass_rule = "month"
        self.moment_month_limit, self.moment_day_limit = 4, 3
        self.moment_seconds = 3
        self.open_profile = False
        self.archive_media_days = 5
        self.auto_create_room = 1
        self.group_transfer_event = False
        self.account_limit = 10_000
        self.second_check = False
        self.member_attributes: list[str] = []
        self.full_contact_events = False
        self.job_seconds = 3
        self.own_welcome: list[str] = []
        self.api_edits_raise = False
        self.hide_left_out = False


class Sandbox:
    """One corp in WeCom and the people around it.

    Args:
        state_file: where changed state is kept, one SQLite file.
        seed: draws the people of a fresh sandbox.
        people: how many there are in a fresh sandbox.
        speed: sandbox seconds per real second.
        public_url: how others reach the sandbox; by default as each request did.
    """

    def __init__(
        self, state_file: Path, *, seed: int = 1, people: int = 2000, speed: float = 1.0,
        public_url: str = "",
    ) -> None:  # fmt: skip
        self.store = Store(state_file)
        self._first_seed, self._first_people, self._first_speed = seed, people, speed
        last_seen: float = self.store.get_meta("clock", 0.0)
        self.clock = Clock(speed)
        if last_seen > self.clock.now():
            self.clock.advance(last_seen - self.clock.now())
        self.public_url = public_url.rstrip("/")
        self.tokens = Tokens(self.store, self.clock)
        self.rates = Rates(self.clock)
        self.scopes = Scopes(self.store)
        self.faults = Faults()
        self.behaviour = Behaviour()
        self.delivery = Delivery(self.store, self.clock)
        self._serial_lock, self._serial = threading.Lock(), 0
        if self.store.get_meta("seed") is None:
            self._begin(seed, people)
        self.load_people()

    def start(self) -> None:
        """Start sending callbacks."""
        self.delivery.start()

    def stop(self) -> None:
        """Finish what is under way and close the files."""
        self.delivery.stop()
        with self.store.transaction():
            self.store.set_meta("clock", self.clock.now())
        self.store.close()

    def reset(self, seed: int | None = None, people: int | None = None) -> None:
        """Back to a corp with a root department only; callback addresses are forgotten too."""
        self.delivery.clear()
        self.rates.clear()
        self.faults.clear()
        self.scopes.clear()
        self.behaviour = Behaviour()
        self.clock.restart(self._first_speed)
        with self.store.transaction():
            self.store.clear()
            self.store.drawn = None
            self._begin(
                self._first_seed if seed is None else seed,
                self._first_people if people is None else people,
            )
            if (self.people.seed, self.people.generated) == (
                self.store.get_meta("seed"),
                self.store.get_meta("people"),
            ):
                self.people.changes.clear()
            else:
                self.load_people()

    def serial(self) -> int:
        """A number never given before in this run."""
        with self._serial_lock:
            self._serial += 1
            return self._serial

    def change_person(self, index: int, fields: dict[str, Any]) -> Person:
        """Set fields of a person by hand, or make a new one beyond the last."""
        changed = self.people.changes.get(index, {}) | fields
        with self.store.transaction():
            self.store.run(
                "INSERT OR REPLACE INTO people_changes VALUES (?, ?)", index, json.dumps(changed)
            )
        self.people.changes[index] = changed
        return self.people.at(index)

    def _begin(self, seed: int, people: int) -> None:
        with self.store.transaction():
            self.store.set_meta("seed", seed)
            self.store.set_meta("people", people)
            self.store.insert("departments", id=1, name=CORP_NAME, parentid=0, ord=100_000_000)
            self.store.insert("robots", key=ROBOT_KEY, name="SCRM")
            self.store.insert(
                "member_tags", id=NO_CONTACT_TAG, name=NO_CONTACT_TAG_NAME, app="contacts"
            )
            self.store.set_meta("no_contact_tag", NO_CONTACT_TAG)

    def load_people(self) -> None:
        """Draw everybody again, and the relations of a large corp."""
        changes = {
            row["person_index"]: json.loads(row["data"])
            for row in self.store.rows("SELECT person_index, data FROM people_changes")
        }
        self.people = People(self.store.get_meta("seed"), self.store.get_meta("people"), changes)
        self.store.drawn = drawn.load(self.store, self.people)
