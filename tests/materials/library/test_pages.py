"""The console's pages of the library: who may, whose materials, publishing, the reviewer."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from materials.library.models import Category, Material
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from tests.cast import Company, person
from tests.factories.materials import (
    CategoryFactory,
    MaterialFactory,
    picture,
    stored_picture,
    upload,
)

pytestmark = pytest.mark.django_db
Status = Material.Status


def logged_in(user: User) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


@pytest.fixture
def eastern(company: Company) -> Material:
    """A material of the eastern branch."""
    return MaterialFactory(title="华东专享", units=[company.east])


def urls(material: Material) -> list[str]:
    return [
        reverse("materials:list"),
        reverse("materials:detail", args=[material.pk]),
        reverse("materials:edit", args=[material.pk]),
        reverse("materials:create", args=["text"]),
        reverse("materials:kinds"),
        reverse("materials:categories"),
    ]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("hq_ops", [200, 200, 200, 200, 200, 200]),
        ("branch_ops", [200, 200, 200, 200, 200, 200]),
        ("outsider", [200, 404, 404, 200, 200, 200]),
        ("auditor", [200, 200, 403, 403, 403, 200]),
        ("it_admin", [403] * 6),
    ],
)
def test_each_role_sees_its_own_materials_only(
    request: pytest.FixtureRequest, eastern: Material, who: str, expected: list[int]
) -> None:
    client = logged_in(request.getfixturevalue(who))

    assert [client.get(url).status_code for url in urls(eastern)] == expected


def test_nobody_sees_anything_without_login(eastern: Material) -> None:
    assert [Client().get(url).status_code for url in urls(eastern)] == [302] * 6


def test_what_every_store_sees_is_seen_but_not_changed_by_a_branch(branch_ops: User) -> None:
    material = MaterialFactory(title="全国")
    client = logged_in(branch_ops)

    assert client.get(reverse("materials:detail", args=[material.pk])).status_code == 200
    for action in ("edit", "archive", "hand_in", "restore"):
        answer = client.post(reverse(f"materials:{action}", args=[material.pk]), {"title": "x"})
        assert answer.status_code == 404
    material.refresh_from_db()
    assert (material.title, material.status) == ("全国", Status.PUBLISHED)


def test_a_branch_gives_only_to_its_own_stores(branch_ops: User, company: Company) -> None:
    client = logged_in(branch_ops)
    url = reverse("materials:create", args=["text"])

    everywhere = client.post(url, {"title": "x", "text": "y"})
    foreign = client.post(url, {"title": "x", "text": "y", "units": [company.south.pk]})
    own = client.post(url, {"title": "x", "text": "y", "units": [company.store_a.pk]})

    assert (everywhere.status_code, foreign.status_code, own.status_code) == (422, 422, 302)
    assert "Choose at least one of your stores" in everywhere.content.decode()
    assert [list(m.units.all()) for m in Material.objects.all()] == [[company.store_a]]


FILLED: dict[str, dict[str, Any]] = {
    "text": {"text": "到店试穿有礼"},
    "link": {"url": "https://shop.example/a"},
    "article": {"body": "第一段\n\n第二段"},
    "mini_program": {"appid": "wx0123456789abcdef", "page": "pages/a.html?id=3"},
}


@pytest.mark.parametrize("kind", Material.Kind.values)
def test_hq_makes_and_publishes_each_type(hq_ops: User, kind: str) -> None:
    from tests.materials.library.test_files import MP4

    # given the entries of the type
    files = {
        "image": ("file", picture()), "poster": ("file", picture()), "video": ("file", MP4), "file": ("file", b"%PDF-1.7 x"),
    }  # fmt: skip
    form = {"title": "秋冬新品", **FILLED.get(kind, {})}
    if kind in files:
        form[files[kind][0]] = upload(files[kind][1])
    client = logged_in(hq_ops)

    # when it is made, then published
    made = client.post(reverse("materials:create", args=[kind]), form)
    material = Material.objects.get()
    draft = material.status
    client.post(reverse("materials:hand_in", args=[material.pk]))

    # then it is a draft first, and published by one click, audited
    material.refresh_from_db()
    assert (made.status_code, draft, material.status) == (302, Status.DRAFT, Status.PUBLISHED)
    assert material.published_at is not None
    actions = AuditEntry.objects.filter(target=f"material:{material.pk}").order_by("at")
    assert [entry.action for entry in actions] == ["material.create", "material.publish"]
    assert client.get(reverse("materials:detail", args=[material.pk])).status_code == 200
    assert client.get(reverse("materials:edit", args=[material.pk])).status_code == 200


@pytest.mark.parametrize(
    ("kind", "entries", "words"),
    [
        ("link", {"url": "http://shop.example/a"}, "begin with https://"),
        ("link", {"url": "https://shop.example@evil.example/"}, "begin with https://"),
        ("link", {"url": "javascript:alert(1)"}, "begin with https://"),
        ("image", {}, "Choose a picture."),
        ("image", {"file": upload(b"<svg onload=alert(1)>   ", "a.png")}, "SVG and HTML are never taken"),
        ("article", {"body": "<script>alert(1)</script>"}, "Write the article."),
        ("mini_program", {"appid": "wx0123456789abcdef", "page": "pages/a"}, "valid value"),
        ("text", {"text": "x", "valid_from": "2026-05-02T00:00", "valid_until": "2026-05-01T00:00"}, "behind the beginning"),
    ],
)  # fmt: skip
def test_the_form_says_what_is_wrong_and_keeps_nothing(
    hq_ops: User, kind: str, entries: dict[str, Any], words: str
) -> None:
    answer = logged_in(hq_ops).post(
        reverse("materials:create", args=[kind]), {"title": "x", **entries}
    )

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Material.objects.count() == 0


def test_induced_sharing_waits_for_another_person(hq_ops: User, branch_ops: User) -> None:
    # given a wording that WeChat punishes
    client = logged_in(hq_ops)
    client.post(
        reverse("materials:create", args=["text"]), {"title": "x", "text": "转发三个群领红包"}
    )
    material = Material.objects.get()

    # when it is handed in
    client.post(reverse("materials:hand_in", args=[material.pk]))
    material.refresh_from_db()

    # then it waits, with the words found
    assert material.status == Status.REVIEW
    assert material.findings == [{"word": "转发三个群领", "reason": "reward"}]
    page = client.get(reverse("materials:detail", args=[material.pk])).content.decode()
    assert "A reward for sharing" in page

    # and neither its author nor who has no right may let it pass
    url = reverse("materials:review", args=[material.pk])
    assert client.post(url, {"decision": "pass"}).status_code == 403
    assert logged_in(branch_ops).post(url, {"decision": "pass"}).status_code == 403
    material.refresh_from_db()
    assert material.status == Status.REVIEW

    # but a second person may, or sends it back with a note
    other = logged_in(person("hq2", "hq_ops"))
    assert other.post(url, {"decision": "refuse"}).status_code == 400
    other.post(url, {"decision": "refuse", "note": "删掉红包"})
    material.refresh_from_db()
    assert (material.status, material.check_note) == (Status.REFUSED, "删掉红包")
    client.post(reverse("materials:hand_in", args=[material.pk]))
    other.post(url, {"decision": "pass"})
    material.refresh_from_db()
    assert (material.status, material.checked_by) == (
        Status.PUBLISHED,
        User.objects.get(username="hq2"),
    )


def test_a_published_material_with_new_wording_leaves_the_guides_at_once(hq_ops: User) -> None:
    material = MaterialFactory(kind="text", text="好", body="")
    client = logged_in(hq_ops)

    client.post(
        reverse("materials:edit", args=[material.pk]), {"title": "x", "text": "不转不是中国人"}
    )

    material.refresh_from_db()
    assert (material.text, material.status) == ("不转不是中国人", Status.REVIEW)


def test_archive_and_restore(hq_ops: User, eastern: Material) -> None:
    client = logged_in(hq_ops)

    client.post(reverse("materials:archive", args=[eastern.pk]))
    listed = client.get(reverse("materials:list")).content.decode()
    archived = client.get(reverse("materials:list"), {"status": "archived"}).content.decode()
    eastern.refresh_from_db()
    assert ("华东专享" in listed, "华东专享" in archived) == (False, True)
    assert eastern.status == Status.ARCHIVED

    # an archived one is not changed, and comes back as a draft
    answer = client.post(reverse("materials:edit", args=[eastern.pk]), {"title": "x", "body": "y"})
    assert answer.status_code == 422
    client.post(reverse("materials:restore", args=[eastern.pk]))
    eastern.refresh_from_db()
    assert (eastern.title, eastern.status) == ("华东专享", Status.DRAFT)


def test_categories_are_made_once_and_removed_empty(hq_ops: User, branch_ops: User) -> None:
    client = logged_in(hq_ops)
    url = reverse("materials:categories")
    client.post(url, {"name": "女装"})
    top = Category.objects.get()
    client.post(url, {"name": "连衣裙", "parent": top.pk})
    below = Category.objects.get(parent=top)

    assert client.post(url, {"name": "女装"}).status_code == 422
    assert logged_in(branch_ops).post(url, {"name": "x"}).status_code == 403
    assert Category.objects.count() == 2

    MaterialFactory(title="在裙子里", category=below)
    page = client.get(reverse("materials:list"), {"category": top.pk}).content.decode()
    assert "在裙子里" in page
    client.post(reverse("materials:category_delete", args=[below.pk]))
    assert Category.objects.count() == 2


def test_the_list_costs_the_same_however_long(
    hq_ops: User, django_assert_max_num_queries: Any
) -> None:
    for _number in range(12):
        MaterialFactory(category=CategoryFactory(), cover=stored_picture())

    with django_assert_max_num_queries(30):
        page = logged_in(hq_ops).get(reverse("materials:list"))

    assert page.content.decode().count("thumb.file") == 12


# --- files customers load (A15, A18) -------------------------------------------------------------------------


def test_a_file_is_public_only_while_its_material_is() -> None:
    stored = stored_picture()
    material = MaterialFactory(kind="image", body="", file=stored, status=Status.DRAFT)
    url = reverse("materials_files:file", args=[stored.token])
    thumb = reverse("materials_files:thumb", args=[stored.token])

    def states() -> list[int]:
        return [Client().get(each).status_code for each in (url, thumb)]

    assert states() == [404, 404]
    for status, expected in ((Status.PUBLISHED, 200), (Status.ARCHIVED, 404), (Status.REVIEW, 404)):
        Material.objects.update(status=status)
        assert states() == [expected, expected], status
    Material.objects.update(
        status=Status.PUBLISHED, valid_until=timezone.now() - timedelta(hours=1)
    )
    assert states() == [404, 404]
    assert Client().get(reverse("materials_files:file", args=["A" * 22])).status_code == 404
    material.refresh_from_db()


def test_files_are_never_run_by_a_browser(hq_ops: User) -> None:
    from materials.library.files import file_take
    from materials.library.models import StoredFile

    picture_file = stored_picture()
    document = file_take(
        upload(b"%PDF-1.7 <script>", '报"价.pdf'), StoredFile.Kind.FILE, actor=None
    )
    MaterialFactory(kind="image", body="", file=picture_file)
    MaterialFactory(kind="file", body="", file=document)

    shown = Client().get(reverse("materials_files:file", args=[picture_file.token]))
    saved = Client().get(reverse("materials_files:file", args=[document.token]))

    assert (shown["Content-Type"], shown["Content-Disposition"][:6]) == ("image/jpeg", "inline")
    assert saved["Content-Disposition"].startswith("attachment; ")
    for answer in (shown, saved):
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert "script" not in answer["Content-Security-Policy"]
        assert not answer.cookies


@pytest.mark.parametrize(
    ("asked", "status", "piece"),
    [
        ("bytes=0-3", 206, b"%PDF"), ("bytes=5-", 206, b"1.7 abc"), ("bytes=-3", 206, b"abc"),
        ("bytes=90-", 416, b""), ("lines=1-2", 200, b"%PDF-1.7 abc"),
    ],
)  # fmt: skip
def test_pieces_of_a_file(asked: str, status: int, piece: bytes) -> None:
    from materials.library.files import file_take
    from materials.library.models import StoredFile

    stored = file_take(upload(b"%PDF-1.7 abc"), StoredFile.Kind.FILE, actor=None)
    MaterialFactory(kind="file", body="", file=stored)

    answer = Client().get(
        reverse("materials_files:file", args=[stored.token]), headers={"Range": asked}
    )

    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert (answer.status_code, body) == (status, piece)
