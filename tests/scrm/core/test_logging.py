"""What reaches the log, and what must not."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings

from scrm.core.logging import configure, scrub_text

SECRETS = [
    "tok-EN-9f8e7d6c5b",
    "s3cr3t-corp-value",
    "p4ssw0rd-db",
    "13800138000",
    "Zm9vYmFyYmF6cXV4",
]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """JSON logging into a buffer."""
    configure({"level": "INFO", "json": True})
    buffer = io.StringIO()
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(buffer)
    yield buffer
    structlog.contextvars.clear_contextvars()
    configure(settings.LOGGING)


def parsed(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_and_the_ids_of_the_request(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(request_id="abc12345")

    structlog.get_logger("scrm.tests").info("jobs.started", job_id="7", rows=3)

    (line,) = parsed(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "jobs.started",
        "level": "info",
        "logger": "scrm.tests",
        "request_id": "abc12345",
        "job_id": "7",
        "rows": 3,
    }


def test_lines_of_libraries_look_the_same(lines: io.StringIO) -> None:
    logging.getLogger("library").warning("lost %d of %s", 2, "many")

    (line,) = parsed(lines)
    assert (line["event"], line["level"], line["logger"]) == (
        "lost 2 of many",
        "warning",
        "library",
    )


def test_secrets_and_phones_never_reach_the_log(lines: io.StringIO) -> None:
    token, secret, password, phone, basic = SECRETS
    logger = structlog.get_logger("scrm.tests")
    logger.info(
        "call",
        access_token=token,
        corpsecret=secret,
        nested={"url_password": password, "list": [{"phone": phone}]},
    )
    url = f"https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=ww1&corpsecret={secret}&x=1"
    logger.info("GET %s", url)
    logger.info(
        "url",
        url=f"postgres://scrm:{password}@db/scrm",
        text=f"customer {phone} called",
        header=f"Basic {basic}",
    )
    logging.getLogger("urllib3").warning('{"access_token":"%s","expires_in":7200}', token)
    try:
        raise ValueError(f"corpsecret={secret} and +86 {phone}")
    except ValueError:
        logging.getLogger("library").exception("it broke with token=%s", token)

    text = lines.getvalue()
    assert [word for word in SECRETS if word in text] == []
    assert len(parsed(lines)) == 5
    assert "corpsecret=[hidden]&x=1" in text
    assert "postgres://scrm:[hidden]@db/scrm" in text
    assert "customer 138****8000 called" in text
    assert "ValueError: corpsecret=[hidden] and +86 138****8000" in text


def test_nobody_forges_a_second_line(lines: io.StringIO) -> None:
    logging.getLogger("library").warning("name=%s", 'x\r\n{"event":"forged"}\u2028y')

    (line,) = parsed(lines)
    assert line["event"] == 'name=x  {"event":"forged"} y'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order 20260101123456789012 paid", "order 20260101123456789012 paid"),
        ("13800138000", "138****8000"),
        ("+8613800138000", "+86138****8000"),
        ("id a13800138000b", "id a13800138000b"),
        ("code=abcdefgh&state=1", "code=[hidden]&state=1"),
        ("errcode: 40001", "errcode: 40001"),
        ("Bearer abcdef.ghijkl", "Bearer [hidden]"),
        ("monkey=bananas1", "monkey=bananas1"),
    ],
)
def test_scrubbing_is_exact(text: str, expected: str) -> None:
    assert scrub_text(text) == expected


def test_development_is_readable() -> None:
    configure({"level": "INFO", "json": False})
    buffer = io.StringIO()
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(buffer)

    structlog.get_logger("scrm.tests").info("jobs.started", rows=3)
    configure(settings.LOGGING)

    assert "jobs.started" in buffer.getvalue()
    assert "rows=3" in buffer.getvalue()
