"""Customers with all a page shows of them, as the reader may see it, in a constant number of queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_of
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.opened_models import OpenedChat
from customers.relations.selectors import HIDDEN, relations_of
from customers.relations.sources import source_names
from customers.relations.ways import way_words
from customers.tags.models import Tag
from customers.tags.selectors import tags_by_id
from scrm.core.phone import mask_phone
from scrm.core.scope import Scope


@dataclass(frozen=True)
class ShownRelation:
    """A relation as the reader may see it; `chat` is what is known of a first message since the add, None: nothing."""

    relation: FollowRelation
    store: OrgUnit | None
    tags: tuple[Tag, ...]
    way: str
    source: str
    remark: str
    description: str
    phones: tuple[str, ...]
    chat: OpenedChat | None

    @property
    def may_mark_opened(self) -> bool:
        """Return whether a person may still say that this customer has written."""
        active = self.relation.status == FollowRelation.Status.ACTIVE
        return active and (self.chat is None or self.chat.state == OpenedChat.State.SILENT)


@dataclass(frozen=True)
class ShownContact:
    """A customer as the reader may see them."""

    contact: ExternalContact
    name: str
    phone: str
    relations: tuple[ShownRelation, ...]

    @property
    def tags(self) -> list[Tag]:
        """Return the tags of all relations, each once."""
        return list({tag.tag_id: tag for row in self.relations for tag in row.tags}.values())

    @property
    def newest(self) -> ShownRelation | None:
        """Return the relation that was made last."""
        return max(self.relations, key=lambda row: row.relation.created_time, default=None)

    @property
    def is_active(self) -> bool:
        """Return whether anybody still follows this customer."""
        return any(row.relation.status == FollowRelation.Status.ACTIVE for row in self.relations)


def mask_name(name: str) -> str:
    """Return a name with all but its first character hidden."""
    return name[:1] + HIDDEN if name else ""


def shown(scope: Scope, contacts: Sequence[ExternalContact]) -> list[ShownContact]:
    """Return these customers as the scope may see them, in four queries."""
    by_contact = relations_of(scope, [contact.pk for contact in contacts])
    relations = [relation for rows in by_contact.values() for relation in rows]
    stores = stores_of({relation.member_id for relation in relations})
    tags = tags_by_id(tag_id for relation in relations for tag_id in relation.tag_ids)
    sources = source_names(relation.state for relation in relations)
    return [
        ShownContact(
            contact=contact,
            name=mask_name(contact.name) if scope.masked("name") else contact.name,
            phone=mask_phone(contact.phone),
            relations=tuple(
                _relation(scope, relation, stores, tags, sources)
                for relation in by_contact.get(contact.pk, ())
            ),
        )
        for contact in contacts
    ]


def _relation(
    scope: Scope,
    relation: FollowRelation,
    stores: dict[int, OrgUnit],
    tags: dict[str, Tag],
    sources: Mapping[str, str],
) -> ShownRelation:
    hides = scope.masked("remark")
    return ShownRelation(
        relation=relation,
        store=stores.get(relation.member_id),
        # With a deleted tag WeCom takes it off everybody, and tells nobody of it.
        tags=tuple(
            tag for each in relation.tag_ids if (tag := tags.get(each)) and not tag.deleted_at
        ),
        way=way_words(relation.add_way),
        source=sources.get(relation.state, ""),
        remark=HIDDEN if hides and relation.remark else relation.remark,
        description=HIDDEN if hides and relation.description else relation.description,
        phones=tuple(masked_phones(relation.remark_phones)),
        chat=_chat(relation),
    )


def _chat(relation: FollowRelation) -> OpenedChat | None:
    """Return what is known since the customer was added; an earlier telling says nothing."""
    known: OpenedChat | None = getattr(relation, "opened_chat", None)
    return known if known is not None and known.at >= relation.created_time else None


def masked_phones(phones: Iterable[str]) -> list[str]:
    """Return typed phones with their middle hidden, whatever was typed."""
    return [mask_phone(phone) for phone in phones]
