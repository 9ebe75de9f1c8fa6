"""The two WeChat accounts of the retailer, and what their owner set up in the console (wechat.md §3)."""

from dataclasses import asdict, dataclass, field
from typing import Any

from wecom_sandbox.sandbox import Sandbox

SERVICE_KIND, MINI_KIND = "service", "mini"


@dataclass(frozen=True)
class Account:
    """Credentials of one account. They open nothing but a sandbox.

    Attributes:
        name: ``service`` or ``mini``.
        original_id: ``ToUserName`` of its callbacks.
    """

    name: str
    title: str
    appid: str
    secret: str
    original_id: str
    token: str
    aes_key: str

    @property
    def channel(self) -> str:
        """Its name among the callback addresses."""
        return f"wechat.{self.name}"


SERVICE = Account(
    SERVICE_KIND, "星河家居", "wx1a2b3c4d5e6f7081", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "gh_5a1c2e3f4b6d",
    "sandboxServiceToken", "sandboxServiceAesKey0123456789abcdefghijkl4",
)  # fmt: skip
MINI = Account(
    MINI_KIND, "星河家居商城", "wx9f8e7d6c5b4a3920", "a0b1c2d3e4f5061728394a5b6c7d8e9f", "gh_0d1e2f3a4b5c",
    "sandboxMiniToken", "sandboxMiniAesKey0123456789abcdefghijklmno8",
)  # fmt: skip
ACCOUNTS = (SERVICE, MINI)
_HOME = "pages/index/index"


@dataclass
class Settings:
    """What the owner of an account can set, and what the documentation leaves open.

    Attributes:
        ips: addresses that may fetch tokens; None lets everybody.
        ips_for_login: the list holds for jscode2session too.
        frozen: the AppSecret is frozen (40243).
        verified: 认证; without it most calls answer 48001.
        bound: the account hangs on an open platform account, so that there is a unionid.
        mode: callbacks ``plain``, ``compatible`` or ``safe``.
        format: callbacks as ``xml`` or (mini program) ``json``.
        oauth_domains, js_domains: hosts for web OAuth and for the JS-SDK; None allows all.
        pages: pages of the released mini program; None has every page.
        released: whether there is a released version at all.
        shop_category: e-commerce 类目, which short links need.
        linked: the mini program is linked with the service account.
        phone_balance: phone numbers that may still be asked for.
        page_size: openids on a page of user/get.
        permanent_codes: permanent scene codes the account may have.
        drawn_codes: mini-program codes of limited number it may have.
        daily_limits: calls a day per path, instead of WeChat's.
        opens_a_day: how often schemes and links may be opened.
        custom_seconds, custom_most: how long and how often customer service may write after the person acted.
        unionid_in_base: snsapi_base gives the unionid of followers.
        risky: persons whose login is blocked (40226).
        system_failure: template messages fail on WeChat's side.
        web_views: page of the mini program -> address of the web page in it.
    """

    ips: list[str] | None = None
    ips_for_login: bool = False
    frozen: bool = False
    verified: bool = True
    bound: bool = True
    mode: str = "safe"
    format: str = "xml"
    oauth_domains: list[str] | None = None
    js_domains: list[str] | None = None
    pages: list[str] | None = None
    released: bool = True
    shop_category: bool = True
    linked: bool = True
    phone_balance: int = 1000
    page_size: int = 10_000
    permanent_codes: int = 100_000
    drawn_codes: int = 100_000
    daily_limits: dict[str, int] = field(default_factory=dict)
    opens_a_day: int = 6_000_000
    custom_seconds: int = 48 * 3600
    custom_most: int = 20
    unionid_in_base: bool = False
    risky: list[str] = field(default_factory=list)
    system_failure: bool = False
    web_views: dict[str, str] = field(default_factory=dict)

    def has_page(self, path: str) -> bool:
        """Whether the released mini program has a page."""
        return self.released and (self.pages is None or path in (*self.pages, _HOME))


def home_page() -> str:
    """The page a mini program opens without a path."""
    return _HOME


def by_appid(appid: str) -> Account | None:
    """The account of an AppID, or None."""
    return next((account for account in ACCOUNTS if account.appid == appid), None)


def by_name(name: str) -> Account | None:
    """The account named ``service`` or ``mini``, or None."""
    return next((account for account in ACCOUNTS if account.name == name), None)


def settings_of(sandbox: Sandbox, account: Account) -> Settings:
    """What is set for an account now."""
    stored: dict[str, Any] = sandbox.store.get_meta(f"wechat.{account.name}", {})
    return Settings(**stored)


def change_settings(sandbox: Sandbox, account: Account, changes: dict[str, Any]) -> dict[str, Any]:
    """Set fields of Settings by name; all of them. ValueError for an unknown name or a wrong type."""
    present = asdict(settings_of(sandbox, account))
    for name, value in changes.items():
        if name not in present:
            raise ValueError(f"{name}: unknown setting")
        wished = type(getattr(Settings(), name))
        optional = getattr(Settings(), name) is None
        if optional and not (value is None or isinstance(value, list)):
            raise ValueError(f"{name} must be a list or null")
        if not optional and type(value) is not wished:
            raise ValueError(f"{name} must be {wished.__name__}")
        present[name] = value
    if present["mode"] not in ("plain", "compatible", "safe"):
        raise ValueError("mode must be plain, compatible or safe")
    if present["format"] not in ("xml", "json") or (
        present["format"] == "json" and account is SERVICE
    ):
        raise ValueError("format must be xml, or json for the mini program")
    with sandbox.store.transaction():
        sandbox.store.set_meta(f"wechat.{account.name}", present)
    return present
