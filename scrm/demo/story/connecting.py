"""IT connects the corp by the set-up page: the domain's file, and every self-test."""

from urllib.parse import urlsplit

from django.urls import reverse

from scrm.demo.story.doors import Browser
from scrm.demo.story.play import Play

FILE, CONTENT = "WW_verify_sandbox0demo.txt", b"sandbox0demo"


def it_proves_the_connection(play: Play) -> None:
    """Upload WeCom's file, trust the domain in WeCom, run all tests; none of them may be broken."""
    from scrm.core.setup_models import SetupResult
    from scrm.setup import selectors

    play.report.step("+  IT proves the connection to WeCom")
    browser = Browser(play.environment.web_url, "it", play.environment.values["SCRM_DEMO_PASSWORD"])
    page = reverse("setup:step", args=["domain"])
    browser.send(reverse("setup:file_add"), {}, {"file": (FILE, CONTENT)}, page=page)
    host = urlsplit(play.environment.web_url).netloc
    play.simulator.post("trusted_domains", domains=[host])
    browser.send(reverse("setup:test", args=["report"]), {}, page=reverse("setup:index"))
    newest = selectors.latest()
    broken = sorted(
        f"{step}: {row.code}"
        for step, row in newest.items()
        if row.outcome == SetupResult.Outcome.BAD
    )
    play.report.equal("broken steps of the set-up", broken, [])
    play.report.equal("the corp is connected", selectors.is_connected(), True)
