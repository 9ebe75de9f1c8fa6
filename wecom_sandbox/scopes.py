"""Who may call what and about whom: secret classes, each app's visible range and rights, trusted addresses."""

from dataclasses import asdict, dataclass
from typing import Any

from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.endpoints import Access
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

# Not given to app secrets made after 2022-06-20 (contacts.md §1).
SENSITIVE_FIELDS = (
    "mobile", "email", "biz_mail", "gender", "avatar", "thumb_avatar", "qr_code", "address",
)  # fmt: skip


@dataclass
class AppRights:
    """What an administrator allows one app.

    Attributes:
        departments, users, tags: its visible range (可见范围).
        trusted_ips: addresses it may call from (企业可信IP); None for all.
        reads_sensitive: it was made before 2022-06-20 and still reads phones, mails and pictures.
        customer_contact: it is among 客户联系's 可调用接口的应用.
    """

    departments: tuple[int, ...] = (1,)
    users: frozenset[str] = frozenset()
    tags: tuple[int, ...] = ()
    trusted_ips: frozenset[str] | None = None
    reads_sensitive: bool = False
    customer_contact: bool = True

    def shown(self) -> dict[str, Any]:
        """As the control API shows them."""
        plain = asdict(self) | {"users": sorted(self.users), "departments": list(self.departments)}
        ips = self.trusted_ips
        return plain | {"tags": list(self.tags), "trusted_ips": None if ips is None else sorted(ips)}  # fmt: skip


class Scopes:
    """Rules that depend on the caller."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rights: dict[str, AppRights] = {}
        self.trusted_domains: frozenset[str] | None = None
        self.contact_sync_reads = False

    def rights(self, app: str) -> AppRights:
        """The rights of an app by its short name; to be changed in place."""
        return self._rights.setdefault(app, AppRights())

    def check_ip(self, app: AppConfig, ip: str) -> None:
        """60020 when the app has an allow list and the address is not on it."""
        trusted = self.rights(app.name).trusted_ips
        if trusted is not None and ip not in trusted:
            raise WeComError(60020)

    def check_access(self, app: AppConfig, access: Access, api: str = "") -> None:
        """48002 when the secret's class, or the app's right to 客户联系, does not allow the endpoint."""
        if access is Access.CONTACT_SYNC and app.kind != "contacts":
            raise WeComError(48002)
        if access is Access.APP and app.kind != "app":
            raise WeComError(48002)
        if (app.kind == "archive") != (access is Access.ARCHIVE) and access is not Access.ANY:
            raise WeComError(48002)
        if access is Access.CONTACT_READ and app.kind == "contacts":
            if not self.contact_sync_reads:
                raise WeComError(48002, "use user/list_id")
        if api.startswith("externalcontact/") and not self.rights(app.name).customer_contact:
            raise WeComError(48002, "not among the apps that may call customer contact")

    def reads_sensitive(self, app: AppConfig) -> bool:
        """Whether the secret reads members' sensitive fields."""
        return app.kind == "contacts" or self.rights(app.name).reads_sensitive

    def sees_everything(self, app: AppConfig) -> bool:
        """Whether the app's visible range is the whole corp."""
        return app.kind == "contacts" or 1 in self.rights(app.name).departments

    def visible_departments(self, app: AppConfig) -> set[int] | None:
        """Department ids in the app's range, or None for all."""
        if self.sees_everything(app):
            return None
        rights = self.rights(app.name)
        return subtree(self._store, (*rights.departments, *self._tagged_departments(rights.tags)))

    def sees_user(self, app: AppConfig, userid: str) -> bool:
        """Whether a member is in the app's range."""
        departments = self.visible_departments(app)
        rights = self.rights(app.name)
        if departments is None or userid.lower() in rights.users:
            return True
        rows = self._store.rows(
            "SELECT department_id FROM member_departments WHERE userid = ?", userid
        )
        return any(row[0] in departments for row in rows) or self._tagged(rights.tags, userid)

    def clear(self) -> None:
        """Back to apps that see everything from everywhere."""
        self.__init__(self._store)  # type: ignore[misc]

    def _tagged_departments(self, tags: tuple[int, ...]) -> list[int]:
        marks = ",".join("?" * len(tags))
        sql = f"SELECT department_id FROM member_tag_parties WHERE tag_id IN ({marks})"  # noqa: S608
        return [row[0] for row in self._store.rows(sql, *tags)] if tags else []

    def _tagged(self, tags: tuple[int, ...], userid: str) -> bool:
        marks = ",".join("?" * len(tags))
        sql = f"SELECT 1 FROM member_tag_users WHERE userid = ? AND tag_id IN ({marks})"  # noqa: S608
        return bool(tags) and self._store.value(sql, userid, *tags) is not None


def subtree(store: Store, roots: tuple[int, ...]) -> set[int]:
    """The departments and everything below them."""
    children: dict[int, list[int]] = {}
    for row in store.rows("SELECT id, parentid FROM departments"):
        children.setdefault(row["parentid"], []).append(row["id"])
    found: set[int] = set()
    queue = list(roots)
    while queue:
        current = queue.pop()
        if current not in found:
            found.add(current)
            queue.extend(children.get(current, ()))
    return found
