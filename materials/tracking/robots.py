"""Tells robots from people by what they say of themselves; the rest is told by whether the page's script speaks."""

import re
from collections.abc import Mapping

ROBOT = re.compile(
    r"bot\b|bot[/;_ -]|crawl|spider|slurp|preview|facebookexternalhit|headless|phantomjs|lighthouse|prerender"
    r"|curl/|wget/|python|java/|go-http|okhttp|libwww|httpclient|axios|node-fetch|scrapy|monitor|uptime",
    re.IGNORECASE,
)
COLLEAGUE = "wxwork"
PREFETCH = ("prefetch", "prerender", "preview")


def is_robot(headers: Mapping[str, str]) -> bool:
    """Tell whether the request names itself a robot, a preview or a prefetch; no name at all is one too."""
    agent = headers.get("User-Agent", "")
    purpose = f"{headers.get('Purpose', '')} {headers.get('Sec-Purpose', '')} {headers.get('X-Moz', '')}".lower()
    return not agent or bool(ROBOT.search(agent)) or any(word in purpose for word in PREFETCH)


def is_wecom(headers: Mapping[str, str]) -> bool:
    """Tell whether the page is opened inside of WeCom: customers use WeChat, colleagues WeCom."""
    return COLLEAGUE in headers.get("User-Agent", "").lower()
