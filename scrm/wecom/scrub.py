"""Takes secrets out of texts before they reach an exception or a log line."""

import logging
import re

# Both WeCom's and WeChat's names of what opens something.
_NAMES = (
    "access_token|suite_access_token|provider_access_token|refresh_token|token|corpsecret|suite_secret"
    "|provider_secret|appsecret|secret|user_ticket|jsapi_ticket|suite_ticket|ticket|welcome_code|js_code|auth_code"
    "|pre_auth_code|permanent_code|code|session_key|encodingaeskey|encoding_aeskey|aeskey|key"
)
_QUERY = re.compile(rf"(?i)(?<![A-Za-z_])({_NAMES})=[^&\s\"'<>)]+")
_JSON = re.compile(rf'(?i)"({_NAMES}|mobile|phone|phonenumber|purephonenumber)"\s*:\s*"[^"]*"')


def scrub(message: str) -> str:
    """Return the text with the values of secret parameters replaced by `***`."""
    return _JSON.sub(r'"\1":"***"', _QUERY.sub(r"\1=***", message))


class ScrubFilter(logging.Filter):
    """Rewrites a log record whose arguments carry an address with secrets."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the record's text by its scrubbed form; never drops a record."""
        message = record.getMessage()
        clean = scrub(message)
        if clean != message:
            record.msg, record.args = clean, None
        return True


def scrub_http_logs() -> None:
    """Scrub urllib3's request lines, which hold the whole address at DEBUG."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(existing, ScrubFilter) for existing in logger.filters):
        logger.addFilter(ScrubFilter())
