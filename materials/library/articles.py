"""Articles: what an author wrote becomes HTML of a few harmless tags."""

import re
from html import escape

import nh3

TAGS = {
    "p", "h2", "h3", "strong", "b", "em", "i", "u", "s", "br", "hr", "ul", "ol", "li", "blockquote", "a", "img",
}  # fmt: skip
# Pictures come from our own library only: another site would learn who reads.
OWN_PICTURE = re.compile(r"/m/file/[A-Za-z0-9_-]{22}")
_TAG = re.compile(r"<\s*/?\s*[a-zA-Z!?]")
_BLANK_LINES = re.compile(r"\n\s*\n")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if OWN_PICTURE.fullmatch(value) else None
    if tag == "a" and name == "href":
        return value if value.startswith("https://") else None
    return value


def cleaned(written: str) -> str:
    """Return harmless HTML; text without tags becomes paragraphs, one for each block between blank lines."""
    written = written.replace("\r\n", "\n").strip()
    if not _TAG.search(written):
        blocks = [block for block in _BLANK_LINES.split(written) if block.strip()]
        written = "".join(f"<p>{escape(block).replace(chr(10), '<br>')}</p>" for block in blocks)
    return nh3.clean(
        written,
        tags=TAGS,
        attributes={"a": {"href"}, "img": {"src", "alt"}},
        attribute_filter=_attribute,
        url_schemes={"https"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def plain(html: str) -> str:
    """Return the words of an article, for the check of its wording."""
    return re.sub(r"<[^>]+>", " ", html)
