"""Materials, sends and views for tests."""

import io
import secrets
from datetime import datetime
from typing import Any

import factory
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from factory.django import DjangoModelFactory
from PIL import Image

from materials.library.models import Category, Material, StoredFile
from materials.tracking.models import Send, View, Who
from tests.factories.contacts import MemberFactory


def picture(size: tuple[int, int] = (640, 480), kind: str = "PNG", mode: str = "RGB") -> bytes:
    """Return a plain picture."""
    drawn = io.BytesIO()
    Image.new(mode, size, "teal").save(drawn, kind)
    return drawn.getvalue()


def upload(content: bytes, name: str = "a.png") -> SimpleUploadedFile:
    """Return a file as a form hands it over."""
    return SimpleUploadedFile(name, content)


class CategoryFactory(DjangoModelFactory[Category]):
    """A shelf."""

    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"分类{n}")


class MaterialFactory(DjangoModelFactory[Material]):
    """A published article for every store; `units` narrows it."""

    class Meta:
        model = Material
        skip_postgeneration_save = True

    kind = Material.Kind.ARTICLE
    title = factory.Sequence(lambda n: f"素材{n}")
    body = "<p>正文</p>"
    status = Material.Status.PUBLISHED
    published_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def units(self, create: bool, extracted: Any, **_kwargs: Any) -> None:
        self.units.set(extracted or [])


class SendFactory(DjangoModelFactory[Send]):
    """A confirmed send in the workbench."""

    class Meta:
        model = Send

    token = factory.LazyFunction(lambda: secrets.token_urlsafe(16))
    material = factory.SubFactory(MaterialFactory)
    member = factory.SubFactory(MemberFactory)
    status = Send.Status.SENT
    confirmed_at = factory.LazyFunction(timezone.now)


def view(send: Send, at: datetime | None = None, **changes: Any) -> View:
    """Return a counted anonymous view of ten seconds."""
    values: dict[str, Any] = {
        "opened_at": at or timezone.now(), "send_id": send.pk, "material_id": send.material_id,
        "member_id": send.member_id, "visitor": secrets.token_hex(16), "counted": True, "reason": "",
        "who": Who.ANONYMOUS, "seconds": 10,
    }  # fmt: skip
    return View.objects.create(**(values | changes))


def stored_picture(actor: Any = None) -> StoredFile:
    """Return a kept picture."""
    from materials.library.files import file_take

    return file_take(upload(picture()), StoredFile.Kind.IMAGE, actor=actor)
