"""Structured logs: JSON in production, readable lines here; ids of request and task; nothing secret in them."""

import logging
import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
SECRET_KEYS = re.compile(
    r"secret|password|passwd|token|authorization|cookie|session|api_?key|aes_?key|private|csrf|credential|ticket"
    r"|phone|mobile|id_card|unionid|openid|payload|remark",
    re.IGNORECASE,
)
# Names that look secret by the rule above and are not.
PLAIN_KEYS = frozenset({"token_age", "lease_token", "phone_count"})
SECRET_VALUES = re.compile(
    r"(?P<name>(?:access_token|corpsecret|provider_access_token|suite_access_token|jsapi_ticket|ticket|secret|password"
    r"|passwd|token|sessionid|csrftoken|api_?key|(?<![a-z])key|(?<![a-z])code)[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s&\"',;)}\]]{6,})",
    re.IGNORECASE,
)
URL_PASSWORDS = re.compile(r"(?P<head>[a-z]+://[^\s:/@]*:)[^\s@/]+(?=@)")
BEARERS = re.compile(r"(?P<name>\b(?:Bearer|Basic|Token)\s+)[A-Za-z0-9._~+/=-]{8,}")
PHONES = re.compile(
    r"(?<![0-9A-Za-z])(?P<head>(?:\+?86[- ]?)?1[3-9]\d)\d{4}(?P<tail>\d{4})(?![0-9A-Za-z])"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")


def scrub_text(text: str) -> str:
    """Return the text without tokens, secrets, passwords and whole phone numbers."""
    text = SECRET_VALUES.sub(lambda match: match["name"] + HIDDEN, text)
    text = URL_PASSWORDS.sub(lambda match: match["head"] + HIDDEN, text)
    text = BEARERS.sub(lambda match: match["name"] + HIDDEN, text)
    text = PHONES.sub(lambda match: f"{match['head']}****{match['tail']}", text)
    return CONTROLS.sub(" ", text)


def scrub_value(value: Any, *, name: str = "") -> Any:
    """Return the value as it may be logged; containers are walked."""
    if (
        name
        and name not in PLAIN_KEYS
        and SECRET_KEYS.search(name)
        and value not in (None, "", 0, False)
    ):
        return HIDDEN
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, dict):
        return {str(key): scrub_value(inner, name=str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub_value(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrub_text(str(value))


def scrub(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hide what must not be in a log line, whoever wrote it (last processor before the renderer)."""
    return {
        key: value
        if key.startswith("_") or key == "exc_info"
        else scrub_value(value, name="" if key == "event" else key)
        for key, value in event.items()
    }


def one_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Keep a message on one line, so that nobody can forge a second one by CR or LF."""
    event["event"] = " ".join(str(event.get("event", "")).splitlines())
    return event


def _processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderers(*, json: bool) -> list[Processor]:
    hide: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        scrub,
        one_line,
    ]
    if json:
        return [*hide, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [*hide, structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)]


def configure(config: dict[str, Any]) -> None:
    """Set up logging for the process; `settings.LOGGING` is `{"level": "INFO", "json": True}`."""
    common = _processors()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": common,
        "processors": _renderers(json=config["json"]),
    }
    level = config["level"]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"main": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "main"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Our own line per request says more; these would add URLs with query strings.
                "django.request": {"level": "ERROR"},
                "django.server": {"level": "ERROR"},
                "urllib3": {"level": "WARNING"},
                "celery": {"level": "INFO" if level == "DEBUG" else level},
                # Two lines for each task every five seconds tell nothing; a failed one still speaks.
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "axes": {"level": "WARNING"},
            },
        }
    )
