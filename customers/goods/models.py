"""What the retailer sells, and how much of it lies in which store."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.ids import uuid7


class Goods(models.Model):
    """One sellable thing by `sku`; orders keep their own copy of name, size and colour.

    `picture_url` is what the sender said (https); `picture_token` names a picture uploaded here, which
    counts where the sender gave none.
    """

    class State(models.TextChoices):
        ON_SALE = "on_sale", _("on sale")
        OFF_SALE = "off_sale", _("off sale")

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(_("SKU"), max_length=64, unique=True)
    name = models.CharField(_("goods"), max_length=128)
    model = models.CharField(_("model"), max_length=64, blank=True)
    category = models.CharField(_("category"), max_length=64, blank=True)
    size = models.CharField(_("size"), max_length=32, blank=True)
    colour = models.CharField(_("colour"), max_length=32, blank=True)
    price = models.DecimalField(
        _("price"), max_digits=12, decimal_places=2, default=Decimal("0.00")
    )
    picture_url = models.CharField(_("picture"), max_length=512, blank=True)
    picture_token = models.CharField(_("uploaded picture"), max_length=22, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ON_SALE)
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("goods")
        verbose_name_plural = _("goods")
        indexes = [
            models.Index(
                fields=["model", "sku"], condition=~models.Q(model=""), name="customers_goods_model"
            ),
            models.Index(
                fields=["picture_token"],
                condition=~models.Q(picture_token=""),
                name="customers_goods_picture",
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def picture(self) -> str:
        """Return the address of its picture: the sender's where pages may show it, else the uploaded one."""
        if self.picture_url.startswith("https://"):
            return self.picture_url
        return (
            reverse("goods_pictures:picture", args=[self.picture_token])
            if self.picture_token
            else ""
        )


class StoreStock(models.Model):
    """How many pieces of a SKU a store had at `observed_at`; both go by code and may be known later.

    Tills oversell: a count below zero is kept as it was told.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(_("SKU"), max_length=64)
    store_code = models.CharField(_("store code"), max_length=64)
    quantity = models.IntegerField(_("pieces"))
    observed_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("store stock")
        verbose_name_plural = _("store stock")
        constraints = [
            models.UniqueConstraint(fields=["sku", "store_code"], name="customers_storestock_once")
        ]
        indexes = [
            models.Index(fields=["store_code", "sku"], name="customers_storestock_store"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.store_code} {self.quantity}"
