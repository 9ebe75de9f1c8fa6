"""What a send looks like in the chat, in the shapes of WeCom's `sendChatMessage` (JS-SDK)."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.urls import reverse

from materials.library.models import Material
from materials.library.selectors import destination_of
from materials.tracking.models import Send

# The guide's signed parameter on addresses and mini-program paths (product.md A5).
PARAMETER_NAME = "g"


def page_url(send: Send) -> str:
    """Return the absolute address of the page made for this send."""
    return settings.BASE_URL.rstrip("/") + reverse("materials_public:page", args=[send.token])


def picture_url(material: Material) -> str:
    """Return the absolute address of its small picture, "" when it has none."""
    picture = material.picture
    if picture is None:
        return ""
    return settings.BASE_URL.rstrip("/") + reverse("materials_files:thumb", args=[picture.token])


def with_parameter(address: str, parameter: str) -> str:
    """Return an address or a mini-program path with the guide's parameter; one that stood there is replaced."""
    if not parameter:
        return address
    parts = urlsplit(address)
    pairs = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name != PARAMETER_NAME
    ]
    return urlunsplit(parts._replace(query=urlencode([*pairs, (PARAMETER_NAME, parameter)])))


def destination(send: Send) -> str:
    """Return where the link of a send leads: strangers' hosts are not told who the guide is."""
    found = destination_of(send.material.url)
    return with_parameter(found.url, send.parameter) if found.trusted else found.url


def message_of(send: Send) -> dict[str, Any]:
    """Return the message for the JS-SDK: text, a mini program, or a card that leads to our page."""
    material = send.material
    if material.kind == Material.Kind.TEXT:
        return {"msgtype": "text", "text": {"content": material.text}}
    if material.kind == Material.Kind.MINI_PROGRAM:
        card = {
            "appid": material.appid,
            "title": material.title,
            "imgUrl": picture_url(material),
            "page": with_parameter(material.page, send.parameter),
        }
        return {"msgtype": "miniprogram", "miniprogram": card}
    news = {
        "link": page_url(send),
        "title": material.title,
        "desc": material.summary,
        "imgUrl": picture_url(material),
    }
    return {"msgtype": "news", "news": news}


def plain_words(send: Send) -> str:
    """Return what a guide pastes where the SDK cannot send: the text itself, else the page's address."""
    material = send.material
    return material.text if material.kind == Material.Kind.TEXT else page_url(send)
