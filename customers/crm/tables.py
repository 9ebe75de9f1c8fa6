"""Tables of the member pages."""

from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from customers.crm.models import CrmMember, Order
from scrm.core.listing import ONE_LINE
from scrm.core.phone import mask_phone


class MemberTable(tables.Table):
    """CRM members; names and phones as the reader may see them."""

    member_no = tables.Column(verbose_name=_("Member number"))
    name = tables.Column(verbose_name=_("Full name"), empty_values=())
    phone = tables.Column(verbose_name=_("Phone"), empty_values=())
    phone_verified = tables.BooleanColumn(verbose_name=_("Verified"), yesno="✓,—")
    level = tables.Column(verbose_name=_("Membership level"))
    store_code = tables.Column(verbose_name=_("Store"))
    state = tables.TemplateColumn(
        template_name="console/customers/crm/cells/state.html", verbose_name=_("State")
    )
    joined_on = tables.DateColumn(verbose_name=_("Joined"), format="Y-m-d")
    updated_at = tables.DateTimeColumn(
        verbose_name=_("Updated"), format="Y-m-d H:i", attrs=ONE_LINE
    )

    class Meta:
        sequence = (
            "member_no",
            "name",
            "phone",
            "phone_verified",
            "level",
            "store_code",
            "state",
            "joined_on",
            "updated_at",
        )

    def render_name(self, record: CrmMember) -> str:
        """Show the name, or its first character where names are masked."""
        return record.name if not self.masks_names else mask_name(record.name)

    def render_phone(self, record: CrmMember) -> str:
        """Show the phone with its middle hidden, to everybody."""
        return mask_phone(record.phone) or "—"

    masks_names = False


class MaskedMemberTable(MemberTable):
    """The same for readers whose role masks names."""

    masks_names = True

    class Meta(MemberTable.Meta):
        pass


def mask_name(name: str) -> str:
    """Return a name with all but its first character hidden."""
    return name[:1] + "*" * min(2, len(name) - 1) if name else ""


def table_for(masks_names: Any) -> type[MemberTable]:
    """Return the table class for a reader."""
    return MaskedMemberTable if masks_names else MemberTable


CELL = "console/customers/crm/cells/{}.html"


class OrderTable(tables.Table):
    """Paid orders; who bought is the member number, never a name."""

    order_no = tables.TemplateColumn(template_name=CELL.format("order"), verbose_name=_("Order"))
    member_no = tables.Column(verbose_name=_("Member number"))
    store_code = tables.Column(verbose_name=_("Store"))
    channel = tables.Column(verbose_name=_("Channel"))
    paid_at = tables.DateTimeColumn(verbose_name=_("Paid"), format="Y-m-d H:i", attrs=ONE_LINE)
    amount = tables.Column(verbose_name=_("Amount"))
    refunded = tables.Column(verbose_name=_("Refunded"))
    status = tables.TemplateColumn(
        template_name=CELL.format("order_status"), verbose_name=_("Status")
    )

    class Meta:
        sequence = (
            "order_no",
            "member_no",
            "store_code",
            "channel",
            "paid_at",
            "amount",
            "refunded",
            "status",
        )

    def render_refunded(self, record: Order) -> str:
        """Show nothing where nothing was given back."""
        return f"{record.refunded:.2f}" if record.refunded else "–"


class ServiceTable(tables.Table):
    """Services; who got it is the member number, never a name."""

    service_no = tables.Column(verbose_name=_("Service number"), attrs=ONE_LINE)
    kind = tables.Column(verbose_name=_("Service"))
    title = tables.Column(verbose_name=_("Title"))
    member_no = tables.Column(verbose_name=_("Member number"))
    store_code = tables.Column(verbose_name=_("Store"))
    userid = tables.Column(verbose_name=_("Served by"))
    served_at = tables.DateTimeColumn(verbose_name=_("When"), format="Y-m-d H:i", attrs=ONE_LINE)
    rating = tables.Column(verbose_name=_("Rating"))
    state = tables.TemplateColumn(
        template_name=CELL.format("service_state"), verbose_name=_("State")
    )

    class Meta:
        sequence = (
            "service_no",
            "kind",
            "title",
            "member_no",
            "store_code",
            "userid",
            "served_at",
            "rating",
            "state",
        )
