"""Customer tags of the corp (doc 92117)."""

from collections.abc import Sequence

from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.reading import items, table
from scrm.wecom.types import CorpTagGroup, CorpTags


class CorpTagApi(Area):
    """At most 10,000 tags a corp; only the app that made a tag may change it (301002)."""

    def list(self, *, tag_ids: Sequence[str] = (), group_ids: Sequence[str] = ()) -> CorpTags:
        """Return the groups with their tags; all of them by default (doc 92117)."""
        started = now()
        body = filled(tag_id=list(tag_ids) or None, group_id=list(group_ids) or None)
        data = self._query("externalcontact/get_corp_tag_list", body)
        return CorpTags(tuple(CorpTagGroup.read(row) for row in items(data, "tag_group")), started)

    def add(
        self, names: Sequence[str], *, group_name: str = "", group_id: str = ""
    ) -> CorpTagGroup:
        """Create tags in a group, given by id or by a name that is made or reused (doc 92117).

        Names have at most 30 characters.
        """
        body = filled(
            group_id=group_id or None,
            group_name=None if group_id else group_name,
            tag=[{"name": name} for name in names],
        )
        return CorpTagGroup.read(
            table(self._write("externalcontact/add_corp_tag", body), "tag_group")
        )

    def edit(self, id: str, *, name: str | None = None, order: int | None = None) -> None:
        """Rename or reorder a tag or a group by its id (doc 92117)."""
        self._write("externalcontact/edit_corp_tag", filled(id=id, name=name, order=order))

    def delete(self, *, tag_ids: Sequence[str] = (), group_ids: Sequence[str] = ()) -> None:
        """Delete tags or whole groups; a group goes with its last tag (doc 92117)."""
        body = filled(tag_id=list(tag_ids) or None, group_id=list(group_ids) or None)
        self._write("externalcontact/del_corp_tag", body)
