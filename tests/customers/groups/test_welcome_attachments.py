"""Templates with a picture, a mini program, a video, a document: sent to WeCom, changed without choosing the file again."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from customers.groups.models import GroupWelcome, GroupWelcomeFile
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db
BASE = {"title": "欢迎", "text": "欢迎入群", "told": "on"}
CARD = {"kind": "miniprogram", "link_title": "会员中心", "appid": "wx1234567890abcdef", "page": "pages/index.html"}  # fmt: skip
MP4 = b"\x00\x00\x00\x18ftypisom" + b"0" * 64


def picture(name: str = "门店照片.png") -> SimpleUploadedFile:
    """Return a small picture with words hidden in it."""
    out = io.BytesIO()
    Image.new("RGB", (40, 32), "red").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue() + b"hidden words", "image/png")


@pytest.fixture
def hq(client: Client, hq_ops: User, wecom_sandbox_world: Any) -> Client:
    """Headquarters at the form, with a corp behind it."""
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"
    return client


def in_wecom(world: Any) -> dict[str, Any]:
    """Return what the one template of the corp says."""
    (row,) = world.control.get("ledger/group_welcomes")
    return dict(row["data"])


def create(client: Client, **values: Any) -> Any:
    return client.post(reverse("groups:welcome_create"), BASE | values)


@pytest.mark.parametrize(
    ("kind", "fields", "upload"),
    [
        ("image", {}, picture),
        ("miniprogram", CARD, picture),
        ("video", {}, lambda: SimpleUploadedFile("a.mp4", MP4, "video/mp4")),
        ("file", {}, lambda: SimpleUploadedFile("手册.pdf", b"%PDF-1.7 0123", "application/pdf")),
    ],
)
def test_each_kind_reaches_wecom_and_is_changed_without_its_file(
    hq: Client, wecom_sandbox_world: Any, kind: str, fields: Any, upload: Any
) -> None:
    assert create(hq, **{**fields, "kind": kind, "file": upload()}).status_code == 302
    sent = in_wecom(wecom_sandbox_world)
    media = "pic_media_id" if kind == "miniprogram" else "media_id"
    first = sent[kind][media]

    # when only the words are changed, after WeCom forgot the upload
    welcome = GroupWelcome.objects.get()
    url = reverse("groups:welcome_edit", args=[welcome.pk])
    assert GroupWelcomeFile.objects.get().name in hq.get(url).content.decode()
    changed = {**BASE, **fields, "kind": kind, "text": "你好"}
    assert hq.post(url, changed).status_code == 302

    # then the whole is there with a living file
    sent = in_wecom(wecom_sandbox_world)
    assert (sent["text"]["content"], sent[kind][media] != first) == ("你好", True)
    if kind == "miniprogram":
        told = {name: sent[kind][name] for name in ("title", "appid", "page")}
        assert told == {"title": "会员中心", "appid": CARD["appid"], "page": CARD["page"]}
    entry = AuditEntry.objects.filter(action="groups.welcome_save").order_by("pk").last()
    assert entry is not None
    assert (entry.before["text"], entry.after["text"], entry.after["kind"]) == (
        "欢迎入群",
        "你好",
        kind,
    )

    # and back to text alone, nothing of the file is left
    hq.post(url, {**BASE, "kind": ""})
    assert set(in_wecom(wecom_sandbox_world)) == {"text"}
    assert not GroupWelcomeFile.objects.exists()


def test_a_picture_is_drawn_anew(hq: Client) -> None:
    create(hq, kind="image", file=picture())

    content = bytes(GroupWelcomeFile.objects.get().content)
    assert b"hidden words" not in content
    assert Image.open(io.BytesIO(content)).size == (40, 32)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "image"}, "Choose a file."),
        ({"kind": "image", "file": SimpleUploadedFile("a.png", b"no picture", "image/png")}, "This is no PNG, JPEG or WebP picture."),
        ({"kind": "video", "file": SimpleUploadedFile("a.mp4", b"no video at all", "video/mp4")}, "WeCom takes MP4 videos only."),
        ({"kind": "file", "file": SimpleUploadedFile("a.txt", b"short", "text/plain")}, "not empty"),
        ({"kind": "miniprogram", "link_title": "a"}, "A mini program needs a title, its id and a page."),
        ({**CARD, "link_title": "会" * 22}, "The title is too long for WeCom"),
        ({"kind": "link", "link_title": "a"}, "A link needs a title and an address."),
    ],
)  # fmt: skip
def test_what_wecom_would_refuse_is_said_before(
    hq: Client, wecom_sandbox_world: Any, values: Any, words: str
) -> None:
    answer = create(hq, **values)

    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not GroupWelcome.objects.exists()
    assert wecom_sandbox_world.control.get("ledger/group_welcomes") == []


def test_a_refusal_of_wecom_keeps_the_former_file(hq: Client, wecom_sandbox_world: Any) -> None:
    create(hq, kind="image", file=picture())
    before = bytes(GroupWelcomeFile.objects.get().content)
    fault = {"endpoint": "externalcontact/group_welcome_template/edit", "kind": "errcode", "value": 301002, "count": 1}  # fmt: skip
    wecom_sandbox_world.control.post("faults", fault)

    url = reverse("groups:welcome_edit", args=[GroupWelcome.objects.get().pk])
    answer = hq.post(url, {**BASE, "kind": "video", "file": SimpleUploadedFile("a.mp4", MP4)})

    assert answer.status_code == 422
    assert GroupWelcome.objects.get().kind == "image"
    assert bytes(GroupWelcomeFile.objects.get().content) == before
    assert set(in_wecom(wecom_sandbox_world)) == {"text", "image"}
