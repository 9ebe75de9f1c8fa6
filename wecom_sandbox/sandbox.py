"""The sandbox as a whole: what belongs to it, its start state and its reset."""

import json
import threading
from pathlib import Path
from typing import Any

from wecom_sandbox.clock import Clock
from wecom_sandbox.defaults import CORP_NAME, NO_CONTACT_TAG, NO_CONTACT_TAG_NAME, ROBOT_KEY
from wecom_sandbox.delivery import Delivery
from wecom_sandbox.faults import Faults
from wecom_sandbox.people import People, Person
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
        own_welcome: userids with a welcome set in the admin console: their adds carry no WelcomeCode.
    """

    def __init__(self) -> None:
        self.half_visible = False
        self.unverified = "half"
        self.short_pages = False
        self.qr_links = "local"
        self.customer_limit = 0
        self.own_welcome: list[str] = []


class Sandbox:
    """One corp in WeCom and the people around it.

    Args:
        data_dir: where changed state is kept.
        seed: draws the people of a fresh sandbox.
        people: how many there are in a fresh sandbox.
        speed: sandbox seconds per real second.
        public_url: how others reach the sandbox; by default as each request did.
    """

    def __init__(
        self, data_dir: Path, *, seed: int = 1, people: int = 2000, speed: float = 1.0,
        public_url: str = "",
    ) -> None:  # fmt: skip
        self.store = Store(data_dir / "sandbox.sqlite3")
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
        self.people = self._load_people()

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
                self.people = self._load_people()

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

    def _load_people(self) -> People:
        changes = {
            row["person_index"]: json.loads(row["data"])
            for row in self.store.rows("SELECT person_index, data FROM people_changes")
        }
        return People(self.store.get_meta("seed"), self.store.get_meta("people"), changes)
