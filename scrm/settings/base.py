"""Settings of every environment; production is this file and the environment."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from scrm.settings.clock import *
from scrm.settings.env import env_bool, env_int, env_list, env_str
from scrm.settings.people import *

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(env_str("SCRM_VAR_DIR", str(BASE_DIR / "var")))

DEBUG = False
# Unsafe settings stop the process (scrm/core/checks.py); only settings/dev.py says otherwise.
PRODUCTION = True
DEMO_MODE = env_bool("SCRM_DEMO_MODE", default=False)
# Demo only: the simulator, into whose chats the stand-in for WeCom's client puts messages.
DEMO_WORLD_URL = ""
# What the console calls itself: demo, test or production.
ENVIRONMENT = env_str("SCRM_ENVIRONMENT", "demo" if DEMO_MODE else "production")
SECRET_KEY = env_str("SECRET_KEY", "")
# Former ones: what they signed (sessions, log-ins under way) still holds while SECRET_KEY is changed.
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS", "")
BASE_URL = env_str("SCRM_BASE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env_list("SCRM_ALLOWED_HOSTS", urlsplit(BASE_URL).hostname or "")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL.startswith("https://") else []

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_tables2",
    "django_htmx",
    "axes",
    "csp",
    "django_prometheus",
    "scrm.core",
    "scrm.accounts",
    "scrm.inbox",
    "scrm.setup",
    "contacts",
    "customers",
    "risk",
    "materials",
    "attribution",
    "scrm.home",
    "scrm.demo",
]

MIDDLEWARE = [
    "scrm.inbox.middleware.CallbackMiddleware",
    "scrm.core.health.middleware.HealthMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "scrm.core.middleware.RequestContextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "scrm.accounts.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "scrm.accounts.sessions.middleware.SessionSeenMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "scrm.core.middleware.NulMiddleware",
    "scrm.core.middleware.MethodMiddleware",
    "scrm.core.middleware.DenyByDefaultMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "scrm.urls"
WSGI_APPLICATION = "scrm.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "scrm.home.context.console",
                "scrm.home.h5_context.h5",
            ],
        },
    },
]


def database_from_url(url: str) -> dict[str, object]:
    """Turn a postgres:// URL into Django's settings; only PostgreSQL is supported (ADR-0008).

    Raises ImproperlyConfigured, without the URL: it holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgres://user:password@host:5432/name; its port is a number up to 65535."
        ) from None
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must begin with postgres://; only PostgreSQL is supported."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(port or ""),
        # A new connection per request costs 7 to 11 times the CPU of a kept one.
        "CONN_MAX_AGE": env_int("SCRM_CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 3,
            "options": "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000",
        },
    }


DATABASES = {
    "default": database_from_url(env_str("DATABASE_URL", "postgres://scrm@127.0.0.1:5432/scrm"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env_str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
}

SECURE_BROWSER = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_BROWSER
if SECURE_BROWSER:  # no other host, not even one below ours, can set these
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_SSL_REDIRECT = env_bool("SCRM_SSL_REDIRECT", default=SECURE_BROWSER)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_BROWSER else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_BROWSER
TRUSTED_PROXIES = env_int("SCRM_TRUSTED_PROXIES", 0)  # how many of our own stand in front
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
# WeCom may look for its file over http.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^WW_verify_[A-Za-z0-9]+\.txt$"]
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "https:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["scrm.settings.formats"]
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = env_str("SCRM_STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = env_str("SCRM_MEDIA_ROOT", str(VAR_DIR / "media"))

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["scrm.accounts.authentication.PartnerKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["scrm.core.api_permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["scrm.core.api_throttle.PartnerRateThrottle"],
    "DEFAULT_SCHEMA_CLASS": "scrm.core.api_schema.PartnerSchema",
    "EXCEPTION_HANDLER": "scrm.core.api.exception_handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["scrm.core.api_parsers.StrictJSONParser"],
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
# Calls a minute of one partner key, unless the key has a limit of its own.
API_CALLS_PER_MINUTE = env_int("SCRM_API_CALLS_PER_MINUTE", 1200)
SPECTACULAR_SETTINGS = {
    "TITLE": "SCRM partner API",
    "VERSION": "1.0.0",
    "DESCRIPTION": (
        "For the retailer's own systems: send members, orders, goods, stock, assets, tags, services and page events, ask for entries. "
        "Log in by `Authorization: Bearer <partner key>`. Every write needs an `Idempotency-Key`. "
        "A batch checks each row by itself: a bad row stops no other and is named in `errors`."
    ),
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "ENUM_NAME_OVERRIDES": {
        "MemberState": "customers.crm.models.CrmMember.State",
        "GoodsState": "customers.goods.models.Goods.State",
        "AssetState": "customers.crm.fact_models.Asset.State",
        "AssetKind": "customers.crm.fact_models.Asset.Kind",
        "ServiceState": "customers.crm.fact_models.ServiceReceived.State",
        "RowResult": "customers.results.ROW_RESULTS",
        "AudienceResult": "customers.segments.api.RESULTS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
}

# Field encryption: "<key id>:<32 bytes base64>[,<old key id>:<…>]"; the first one writes.
FIELD_KEYS = env_str("SCRM_FIELD_KEYS", "")
# One key; two while it is changed: the first writes, rows are found by both.
BLIND_INDEX_KEY = env_str("SCRM_BLIND_INDEX_KEY", "")
# Signs the parameters in printed codes for ever; empty: derived from the blind-index key, which then cannot change.
PARAMETER_KEY = env_str("SCRM_PARAMETER_KEY", "")
# Where rooms keep what belongs to one person, beyond what their models show by themselves.
PERSON_HOLDINGS = (
    "customers.privacy.own.HOLDINGS",
    "risk.holdings.HOLDINGS",
    "materials.holdings.HOLDINGS",
    "attribution.holdings.HOLDINGS",
)
# What the rooms above keep that asks for a customer field, told before one is switched off.
FIELD_USES = ("customers.lists.saved.field_uses", "customers.segments.selectors.field_uses")
# Who was forgotten, asked at every door by which people come in.
ERASED_RESOLVER = "customers.privacy.tombstones.found"
# Erasures, encrypted, outside the database and its backups: replayed after a restore.
ERASURE_JOURNAL = env_str("SCRM_ERASURE_JOURNAL", str(VAR_DIR / "erasures.journal"))
# Tables with keyed hashes of their own values, each where its room is.
KEYED_COLUMNS = (
    "contacts.directory.keyed.EMPLOYEE",
    "contacts.directory.keyed.WRITTEN",
    "contacts.roster.keyed.PERSON",
    "contacts.drift.keyed.SECRET",
    "customers.relations.keyed.CONTACT",
    "customers.relations.keyed.RELATION",
    "customers.crm.keyed.MEMBER",
    "customers.fields.keyed.VALUE",
    "customers.lists.keyed.CONTACT",
    "customers.lists.keyed.RELATION",
)
PARAMETER_KEY_OF = "contacts.parameters.selectors.purpose_key"
# Told which indexes became which others, in the transaction that writes them.
INDEXES_MOVED = ("customers.oneid.keyed.moved",)
AUDIT_KEY = env_str("SCRM_AUDIT_KEY", "")

# WeCom: one corp, several apps (each app has a secret and, where it receives events, a token and an AES key).
WECOM_API_BASE = env_str("WECOM_API_BASE", "https://qyapi.weixin.qq.com")
WECOM_OAUTH_BASE = env_str("WECOM_OAUTH_BASE", "https://open.weixin.qq.com")
WECOM_LOGIN_BASE = env_str("WECOM_LOGIN_BASE", "https://login.work.weixin.qq.com")
WECOM_CORP_ID = env_str("WECOM_CORP_ID", "")
WECOM_APPS = {
    "scrm": {
        "agent_id": env_int("WECOM_AGENT_ID", 0),
        "secret": env_str("WECOM_AGENT_SECRET", ""),
        "token": env_str("WECOM_CB_TOKEN", ""),
        "aes_key": env_str("WECOM_CB_AES_KEY", ""),
    },
    "contacts": {
        "agent_id": 0,
        "secret": env_str("WECOM_CONTACT_SYNC_SECRET", ""),
        "token": env_str("WECOM_CONTACT_CB_TOKEN", ""),
        "aes_key": env_str("WECOM_CONTACT_CB_AES_KEY", ""),
    },
}
# WeChat: the service account and the mini program, each with an AppID and an AppSecret of its own.
WECHAT_API_BASE = env_str("WECHAT_API_BASE", "https://api.weixin.qq.com")
WECHAT_OAUTH_BASE = env_str("WECHAT_OAUTH_BASE", "https://open.weixin.qq.com")
WECHAT_MP_BASE = env_str("WECHAT_MP_BASE", "https://mp.weixin.qq.com")
WECHAT_APPS = {
    "service": {
        "appid": env_str("WECHAT_SERVICE_APPID", ""),
        "secret": env_str("WECHAT_SERVICE_SECRET", ""),
    },
    "mini": {
        "appid": env_str("WECHAT_MINI_APPID", ""),
        "secret": env_str("WECHAT_MINI_SECRET", ""),
    },
}
# Whether ids, secrets and callback keys may also be entered in the console (encrypted); the environment wins.
WECOM_CONSOLE_CREDENTIALS = env_bool("SCRM_CONSOLE_CREDENTIALS", default=True)
# Share of WeCom's 10,000 calls a minute per API that we allow ourselves (doc 90454).
WECOM_CALLS_PER_MINUTE = env_int("WECOM_CALLS_PER_MINUTE", 8000)

# What WeCom replaces by the customer's name in a welcome; empty where a corp's WeCom does not know it.
WECOM_NICKNAME_PLACEHOLDER = env_str("WECOM_NICKNAME_PLACEHOLDER", "%NICKNAME%")

# Where an OA may be read from: origins (https://oa.example.com, ldaps://ad.example.com), a read-only DSN, a folder.
OA_HOSTS = env_list("SCRM_OA_HOSTS", "")
OA_SQL_DSN = env_str("SCRM_OA_SQL_DSN", "")
OA_FOLDER = env_str("SCRM_OA_FOLDER", "")

# Hosts links of materials may lead to as trusted ones, and get the guide's parameter; subdomains included.
MATERIALS_LINK_HOSTS = env_list("SCRM_MATERIALS_LINK_HOSTS", "")

# A comparison with WeCom begins so long after an event told of a change, and so long after the one before.
DRIFT_QUIET_SECONDS = env_int("SCRM_DRIFT_QUIET_SECONDS", 60)
DRIFT_GAP_MINUTES = env_int("SCRM_DRIFT_GAP_MINUTES", 10)
# Days after which a secret should be changed.
SECRET_DAYS = env_int("SCRM_SECRET_DAYS", 180)

# Hosts of the retailer's own systems (members, orders, goods …) that we may ask, as origins.
CRM_HOSTS = env_list("SCRM_CRM_HOSTS", "")

# Where lower layers find what higher ones know; dotted paths, so that no import points upwards.
SCOPE_RESOLVER = "contacts.roles.selectors.scope_for"
PHONE_SESSION_RESOLVER = "scrm.accounts.sessions.store.of_the_phone"
LOGIN_RESOLVER = "contacts.roles.services.user_for_login"
# An account that is known: may its person still come in?
RETURN_RESOLVER = "contacts.roles.services.user_returning"
SSO_RESOLVERS = {
    "userid": "contacts.roles.services.user_for_login",
    "job_number": "contacts.roles.services.user_for_job_number",
}
INBOX_EVENT_ROUTES = "scrm.event_routes.EVENT_ROUTES"
INBOX_BACKLOG = "scrm.inbox.selectors.backlog"
INBOX_WORKERS = "scrm.inbox.selectors.workers_alive"
OUTBOX_SENDERS = "scrm.event_routes.OUTBOX_SENDERS"
# What the health page and doctor look at beside the core, by name.
HEALTH_PROBES = {
    "erasures": "customers.privacy.health.probe",
    "sales": "attribution.sales.health.probe",
}
# What waits for a second person, each kind where its room is.
APPROVAL_KINDS = (
    "scrm.accounts.partner_keys.approvals.KEY",
    "contacts.roles.approvals.CHANGE",
    "contacts.roles.approvals.GRANT",
    "contacts.profiles.approvals.TEMPLATE",
    "scrm.core.approvals.exports.EXPORT",
    "customers.points.approvals.ADJUST",
    "customers.privacy.approvals.PACKAGE",
    "customers.privacy.approvals.ERASURE",
)
# Accounts whose card one person may change alone by publishing a template.
PROFILE_ACCOUNTS_ALONE = env_int("SCRM_PROFILE_ACCOUNTS_ALONE", 500)
# Codes that stand as values in the audit, by field: where their words are.
AUDIT_VALUES = {
    "face": "scrm.accounts.sessions.models.FACE_NAMES",
    "permissions": "contacts.roles.labels.PERMISSIONS",
    "masks": "contacts.roles.labels.MASK_NAMES",
    "reach": "contacts.roles.labels.REACH_NAMES",
    "role": "contacts.roles.labels.ROLE_NAMES",
    "scopes": "scrm.accounts.api_scopes.API_SCOPES",
    "way": "scrm.accounts.sessions.models.WAY_NAMES",
}
# Rows of a file that one person may take alone.
EXPORT_ROWS_ALONE = 1000
# Where a customer adds a guide, by member id.
INVITATION_LINKS = "attribution.live_codes.selectors.links_of_members"
# Where a friend becomes a member at the retailer's, with {parameter} for the guide's signed parameter.
ENROLMENT_URL = env_str("SCRM_ENROLMENT_URL", "")
SOURCE_NAMES = "attribution.live_codes.selectors.names_by_state"
# Free places by member, asked when customers are handed over.
SUCCESSOR_ROOM = "risk.anomalies.selectors.room_of"
# Whom we keep from customers, and by which incident.
MEMBER_RESTRICTIONS = "risk.anomalies.selectors.restrictions_of"
# Members WeCom did not take behind a live code, with its words.
MEMBER_REFUSALS = "attribution.live_codes.selectors.refusals_of"
# Started when an OA run disabled or enabled somebody.
LEAVERS_TASK = "customers.leavers_plan"
# What closing, merging or moving a store does, room by room.
STORE_CHANGE_PARTS = (
    "contacts.org.services.own_steps.PART",
    "attribution.live_codes.store_changes.PART",
    "attribution.entries.store_changes.PART",
)
# Started when a CRM id or a merge gives a code another store.
STORE_CODES_TASK = "customers.store_codes_join"
# No account is deleted by itself when the last good OA run is older: the OA may have taken somebody back.
HANDOVER_OA_DAYS = env_int("SCRM_HANDOVER_OA_DAYS", 3)
# More records with one phone or ID card than this: shared, it ties nobody until a human allows it. Changing it
# needs an audit of persons afterwards (merge centre, or the nightly one).
ONEID_KEY_LIMIT = env_int("SCRM_ONEID_KEY_LIMIT", 5)
# More records than this on one person wait for a human.
ONEID_RECORD_LIMIT = env_int("SCRM_ONEID_RECORD_LIMIT", 30)
# Told the members that became full, restricted or free again.
RISK_MEMBERS_CHANGED_TASK = "attribution.live_codes_refresh"

# Customers one account may have: WeCom tells no limit; 5,000 by default, 20,000 after an expansion.
RISK_CAPACITY_LIMIT = env_int("SCRM_CAPACITY_LIMIT", 5000)
RISK_CAPACITY_LEVELS = (70, 85, 95)  # percent; one alert each
RISK_CAPACITY_SWAP_PERCENT = env_int("SCRM_CAPACITY_SWAP_PERCENT", 95)  # off the live codes
RISK_CAPACITY_RELEASE = 5  # points below a level at which it may be told again
# Address-book tag whose members WeCom's customer-contact range leaves out; 0: that step cannot be taken.
RISK_CONTACT_SCOPE_TAG = env_int("SCRM_CONTACT_SCOPE_TAG", 0)

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    # Without Redis a request that starts a job gives up in 0.3 s (kombu's default: 8 s); the sweep hands it over later.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE

LOGGING_CONFIG = "scrm.core.logging.configure"
LOGGING = {
    "level": env_str("SCRM_LOG_LEVEL", "INFO"),
    "json": env_bool("SCRM_LOG_JSON", default=True),
}
SILENCED_SYSTEM_CHECKS: list[str] = []
PROMETHEUS_METRICS_TOKEN = env_str("SCRM_METRICS_TOKEN", "")
DJANGO_TABLES2_TEMPLATE = "components/table.html"
