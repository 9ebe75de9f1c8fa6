"""`python -m docs.guide.make_screenshots` (make guide): the pictures of the guides, from a running demo.

Drives the system's Chromium over HTTP as people do: log-ins of the console, a guide's WeCom, a customer's
WeChat. Nothing is drawn: what a page does not show is not in the picture. screenshots.toml says what is taken.
"""

import argparse
import io
import os
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from scrm.demo.environment import Environment
from scrm.demo.running import running
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import default_var
from tests import chromium

HERE = Path(__file__).resolve().parent
LANGUAGES = {"zh": ("zh-hans", "zh-CN"), "en": ("en", "en-US")}
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
AGENTS = {
    "guide": f"{IPHONE} wxwork/4.1.36 MicroMessenger/7.0.1",
    "customer": f"{IPHONE} MicroMessenger/8.0.44",
    # The customer of a group, on our own pages.
    "visitor": f"{IPHONE} MicroMessenger/8.0.44",
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
MOST_BYTES = 150_000
# Fewer colours until a picture is small enough.
COLOURS = (256, 128, 64, 32)


@dataclass(frozen=True)
class Shot:
    """One picture as screenshots.toml names it."""

    file: str
    who: str
    path: str
    follow: str = ""
    wait: str = ""
    keys: tuple[str, ...] = ()
    type: str = ""
    height: int = 0

    @property
    def is_phone(self) -> bool:
        """Whether it is taken on a phone."""
        return self.who in AGENTS


@dataclass
class Studio:
    """The demo, a browser, and whose eyes we look through."""

    environment: Environment
    browser: Browser
    language: str
    cast: dict[str, str]
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def take(self, shot: Shot) -> bytes:
        """Open the page of a shot and return its PNG; raises ServiceError when the page is not there."""
        page = self._context(shot).new_page()
        try:
            size = PHONE if shot.is_phone else DESKTOP
            page.set_viewport_size(
                {"width": size["width"], "height": shot.height or size["height"]}
            )
            self._open(page, self._address(shot))
            if shot.follow:
                target = page.locator(shot.follow).first.get_attribute("href", timeout=5_000)
                self._open(page, urljoin(page.url, target))
            for key in shot.keys:
                page.keyboard.press(key)
            if shot.type:
                page.keyboard.type(shot.type, delay=20)
            if shot.wait:
                page.wait_for_selector(shot.wait, timeout=15_000)
            _settle(page)
            return page.screenshot(animations="disabled", caret="hide")
        except Error as error:
            raise ServiceError(f"{shot.file}: {error.message.splitlines()[0]}") from error
        finally:
            page.close()

    def close(self) -> None:
        """Close all windows."""
        for context in self.contexts.values():
            context.close()

    def _address(self, shot: Shot) -> str:
        path = shot.path
        for name, value in self.cast.items():
            path = path.replace(f"{{{name}}}", value)
        if not path.startswith("/"):
            page, mark, query = path.partition("?")
            path = _reverse(page) + mark + query
        base = self.environment.sandbox_url if shot.who == "customer" else self.environment.web_url
        return base + path

    def _open(self, page: Page, address: str) -> None:
        answer = page.goto(address, wait_until="load")
        silent = f"{self.environment.sandbox_url}/connect/"
        wechat = f"{self.environment.sandbox_url}/wechat/connect/"
        # The real client knows who holds the phone; the simulator has to be told.
        for asking, told in (
            (silent, f"&sandbox_userid={self.cast['guide']}"),
            (wechat, f"&sandbox_person={self.cast['visitor']}"),
        ):
            if answer and page.url.startswith(asking):
                answer = page.goto(page.url.partition("#")[0] + told, wait_until="load")
        if answer is None or answer.status != 200 or page.url.startswith((silent, wechat)):
            raise ServiceError(f"{address} answered {answer.status if answer else 'nothing'}")

    def _context(self, shot: Shot) -> BrowserContext:
        """Return the window of a person, logged in."""
        if shot.who not in self.contexts:
            code, locale = LANGUAGES[self.language]
            context = self.browser.new_context(
                locale=locale,
                timezone_id="Asia/Shanghai",
                user_agent=AGENTS.get(shot.who),
                has_touch=shot.is_phone,
            )
            cookie = {"name": "django_language", "value": code, "url": self.environment.web_url}
            context.add_cookies([cookie])  # type: ignore[list-item]
            self.contexts[shot.who] = context
            if shot.who and not shot.is_phone:
                self._log_in(context.new_page(), shot.who)
        return self.contexts[shot.who]

    def _log_in(self, page: Page, username: str) -> None:
        page.goto(f"{self.environment.web_url}/accounts/login/")
        page.fill("#id_username", username)
        page.fill("#id_password", self.environment.values["SCRM_DEMO_PASSWORD"])
        page.press("#id_password", "Enter")
        page.wait_for_url(f"{self.environment.web_url}/console/")
        page.close()


def _settle(page: Page) -> None:
    """Wait until what loads by itself is there; the demo's own bar is no part of the product."""
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.wait_for_selector(".htmx-request", state="detached", timeout=15_000)
    page.evaluate("document.querySelectorAll('form.demo').forEach((bar) => bar.remove())")
    time.sleep(0.4)


def _reverse(name: str) -> str:
    from django.urls import NoReverseMatch, reverse

    try:
        return reverse(name)
    except NoReverseMatch:
        raise ServiceError(f"{name} is no page of this version") from None


def shots() -> list[Shot]:
    """Return screenshots.toml."""
    plan = tomllib.loads((HERE / "screenshots.toml").read_text(encoding="utf-8"))
    return [Shot(**{**entry, "keys": tuple(entry.get("keys", ()))}) for entry in plan["shot"]]


def cast_of(environment: Environment) -> dict[str, str]:
    """Choose the guide who sent most, and the customer she sent most to; raises ServiceError in a demo without."""

    def told(path: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{environment.sandbox_url}/sandbox/api/{path}", timeout=30)
        rows: list[dict[str, Any]] = answer.json()
        return rows

    chats = told("ledger/chats?limit=100000")
    if not chats:
        raise ServiceError("Nobody was sent anything in this demo; let it fill itself first.")
    guides = [row["userid"] for row in chats]
    guide = max(sorted(set(guides)), key=guides.count)
    hers = [(row["external_userid"], row["person_id"]) for row in chats if row["userid"] == guide]
    customer, person = max(sorted(set(hers)), key=hers.count)
    name = next(row["name"] for row in told("people?limit=100000") if row["id"] == person)
    found = {"guide": guide, "customer": customer, "person": person, "name": name}
    return found | _in_a_group({row["unionid"]: row["id"] for row in told("people?limit=100000")})


def _in_a_group(people: dict[str, str]) -> dict[str, str]:
    """Choose a customer whose reward waits to be picked up, and the check-in page of her group."""
    from django.urls import reverse

    from customers.checkin.models import CampaignGroup, Checkin
    from customers.points.models import Redemption

    held = Redemption.objects.filter(state=Redemption.State.HELD).select_related("account").first()
    made = Checkin.objects.filter(account=held.account).first() if held else None
    if held is None or made is None:
        raise ServiceError(
            "No reward waits to be picked up in this demo; let it fill itself first."
        )
    place = CampaignGroup.objects.get(campaign=made.campaign, group=made.group)
    address = reverse("group_pages:page", args=[place.token])
    return {"visitor": people[held.account.unionid], "checkin": address}


def small(png: bytes) -> bytes:
    """Return the picture with as few colours as it takes to stay under 150 kB."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue()


@contextmanager
def browser(locale: str) -> Iterator[Browser]:
    """Start the system's Chromium in a language (dates are drawn in its own); raises ServiceError where there is none."""
    found = chromium.find()
    if found is None:
        raise ServiceError(chromium.ABSENT)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found,
            args=[*FLAGS, f"--lang={locale}"],
            env={**os.environ, "LANGUAGE": locale.replace("-", "_")},
        )
        yield started
        started.close()


def make(environment: Environment, only: list[str]) -> list[str]:
    """Take every picture in both languages; returns what could not be taken, in words."""
    failed = []
    wanted = [shot for shot in shots() if not only or shot.file in only]
    cast = cast_of(environment)
    for language, (_code, locale) in LANGUAGES.items():
        folder = HERE / "img" / language
        folder.mkdir(parents=True, exist_ok=True)
        with browser(locale) as started:
            studio = Studio(environment, started, language, cast)
            for shot in wanted:
                try:
                    picture = small(studio.take(shot))
                except ServiceError as error:
                    failed.append(f"{language}: {error}")
                    continue
                (folder / f"{shot.file}.png").write_bytes(picture)
                sys.stdout.write(f"{language}/{shot.file}.png {len(picture) // 1000} kB\n")
                sys.stdout.flush()
            studio.close()
    return failed


def main() -> int:
    """Make them; exit status 1 when one could not be made."""
    parser = argparse.ArgumentParser(prog="python -m docs.guide.make_screenshots")
    parser.add_argument(
        "--var", type=Path, default=default_var(), help="folder of a running demo (its demo.env)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="FILE", help="one picture, repeatable"
    )
    options = parser.parse_args()
    try:
        environment = running(options.var.resolve())
        os.environ.update(environment.values)
        import django

        django.setup()
        failed = make(environment, options.only)
    except ServiceError as error:
        failed = [str(error)]
    for words in failed:
        sys.stderr.write(f"{words}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
