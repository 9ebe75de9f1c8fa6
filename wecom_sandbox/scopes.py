"""Who may call what and about whom: secret classes, the app's visible range, trusted addresses."""

from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.endpoints import Access
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

# Not given to app secrets made after 2022-06-20 (contacts.md §1).
SENSITIVE_FIELDS = (
    "mobile", "email", "biz_mail", "gender", "avatar", "thumb_avatar", "qr_code", "address",
)  # fmt: skip


class Scopes:
    """Rules that depend on the caller."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.trusted_ips: frozenset[str] | None = None
        self.trusted_domains: frozenset[str] | None = None
        self.contact_sync_reads = False
        self.app_departments: tuple[int, ...] = (1,)
        self.app_users: frozenset[str] = frozenset()

    def check_ip(self, ip: str) -> None:
        """60020 when an allow list is set and the address is not on it."""
        if self.trusted_ips is not None and ip not in self.trusted_ips:
            raise WeComError(60020)

    def check_access(self, app: AppConfig, access: Access) -> None:
        """48002 when the secret's class may not call the endpoint."""
        if access is Access.CONTACT_SYNC and app.kind != "contacts":
            raise WeComError(48002)
        if access is Access.APP and app.kind != "app":
            raise WeComError(48002)
        if access is Access.CONTACT_READ and app.kind == "contacts":
            if not self.contact_sync_reads:
                raise WeComError(48002, "use user/list_id")

    def sees_everything(self, app: AppConfig) -> bool:
        """Whether the app's visible range is the whole corp."""
        return app.kind == "contacts" or 1 in self.app_departments

    def visible_departments(self, app: AppConfig) -> set[int] | None:
        """Department ids in the app's range, or None for all."""
        if self.sees_everything(app):
            return None
        return subtree(self._store, self.app_departments)

    def sees_user(self, app: AppConfig, userid: str) -> bool:
        """Whether a member is in the app's range."""
        departments = self.visible_departments(app)
        if departments is None or userid.lower() in self.app_users:
            return True
        rows = self._store.rows(
            "SELECT department_id FROM member_departments WHERE userid = ?", userid
        )
        return any(row[0] in departments for row in rows)

    def clear(self) -> None:
        """Back to an app that sees everything from everywhere."""
        self.__init__(self._store)  # type: ignore[misc]


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
