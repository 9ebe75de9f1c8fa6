"""What the steps share: the doors, the people, the files, and what earlier steps made."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scrm.demo import figures, stack
from scrm.demo.environment import Environment
from scrm.demo.names import names
from scrm.demo.oa_files import OaFiles, make_oa_files
from scrm.demo.story.doors import Browser, Partner, Simulator
from scrm.demo.story.report import Report, WrongFigureError

PEOPLE = 2_000
# People before this one scan in step 3 or are members in step 4; later steps take people nobody knows.
FRESH_FROM = 1_200
PARTNER_SCOPES = ("members.write", "members.read", "orders.write", "goods.write", "stock.write", "assets.write",
                  "member_tags.write", "services.write", "events.write", "entries.read")  # fmt: skip
SETTLE_SECONDS = 90


@dataclass
class Play:
    """One telling of the story against a running stack."""

    environment: Environment
    report: Report
    made: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def files(self) -> OaFiles:
        """The OA's files."""
        return make_oa_files()

    @cached_property
    def simulator(self) -> Simulator:
        """WeCom's world."""
        return Simulator(self.environment.sandbox_url)

    @cached_property
    def hq(self) -> Browser:
        """Headquarters at the console."""
        return Browser(
            self.environment.web_url, "hq", self.environment.values["SCRM_DEMO_PASSWORD"]
        )

    @cached_property
    def partner(self) -> Partner:
        """The member system, with a fresh key."""
        scopes = [word for scope in PARTNER_SCOPES for word in ("--scope", scope)]
        key = self.manage("partner_key_create", "CRM", *scopes)
        return Partner(self.environment.web_url, key.split()[-1])

    @cached_property
    def people(self) -> list[dict[str, Any]]:
        """The people of the simulator's world."""
        return list(self.simulator.get("people", offset=0, limit=PEOPLE))

    def step(self, play: Callable[["Play"], None]) -> None:
        """Play one step and print how long it took."""
        begun = time.monotonic()
        play(self)
        self.report.note("seconds of this step", round(time.monotonic() - begun, 1))

    def fresh_people(self, count: int) -> list[dict[str, Any]]:
        """Return people whom no step has met yet."""
        begin = self.made.get("people_taken", FRESH_FROM)
        self.made["people_taken"] = begin + count
        return self.people[begin : begin + count]

    def manage(self, *words: str) -> str:
        """Run a management command on the stack's database."""
        return stack.manage(self.environment, *words)

    def connect(self) -> None:
        """Tell WeCom where our callbacks and our phone pages are, as an administrator does once."""
        for app in ("scrm", "contacts"):
            url = f"{self.environment.web_url}/wecom/callback/{app}/"
            answer = self.simulator.post("callback_urls", app=app, url=url)
            if not answer["ok"]:
                raise WrongFigureError(f"WeCom refuses {url}: {answer['message']}")
        words, phone = names()["app_pages"], f"{self.environment.web_url}/h5/"
        # What a real client knows by itself, a browser is told in the address (static/h5/demo_bridge.js).
        in_chat = "?entry=single_chat_tools&ext={external_userid}"
        tools = [
            {"name": words["customer"], "url": f"{phone}c/{in_chat}"},
            {"name": words["materials"], "url": f"{phone}m/{in_chat}"},
        ]
        self.simulator.post("app_pages", home=f"{phone}?entry=normal", chat_tools=tools)

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until WeCom has nothing more to send and we have nothing more to do."""
        waiting = self.simulator.post("wait_idle", timeout=seconds)
        if not waiting["idle"]:
            raise WrongFigureError(
                f"WeCom still has {waiting['waiting']} callbacks to send after {seconds:.0f} s"
            )
        if not stack.wait_for(_nothing_open, seconds, pause=0.3):
            raise WrongFigureError(f"Work is left after {seconds:.0f} s: {figures.queues()}")


def _nothing_open() -> bool:
    waiting = figures.queues()
    return waiting["inbox_pending"] == waiting["outbox_open"] == 0
