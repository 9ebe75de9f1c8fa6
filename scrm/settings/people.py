"""Settings of people: accounts, ways in, sessions, lock-outs."""

from scrm.settings.env import env_bool, env_int, env_str

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home:index"
H5_LOGIN_URL = "h5:login"
# Older clients lack what the side bar needs (ux: getContext 3.0.24, enterChat 3.1.10).
H5_WECOM_VERSION = "3.1.10"
H5_SESSION_AGE = 7 * 24 * 3600
# How many customers' phones one person may reveal on the phone in a day.
H5_REVEALS_PER_DAY = env_int("SCRM_H5_REVEALS_PER_DAY", 20)
# How many customers one person may open in an hour, on the console or the phone.
CUSTOMERS_OPENED_PER_HOUR = 300
# How many files of customers one person may take in a day.
CUSTOMER_FILES_PER_DAY = 10
# What a scanned member code looks like: a pattern with the group `member_no`; `until` in Unix seconds where codes
# change. Every member system has its own.
MEMBER_CODE = env_str("SCRM_MEMBER_CODE", r"^(?P<member_no>[0-9A-Za-z_-]{2,64})$")
SESSION_ENGINE = "scrm.accounts.sessions.store"  # in PostgreSQL: sessions survive the loss of Redis
SESSION_COOKIE_AGE = 12 * 3600  # the absolute limit of a session of the console
CONSOLE_SESSION_IDLE = 30 * 60
H5_SESSION_IDLE = 12 * 3600
# The password is for emergencies: a second step is asked for wherever it is not the demo.
PASSWORD_LOGIN = env_bool("SCRM_PASSWORD_LOGIN", default=True)
SECOND_STEP_REQUIRED = env_bool(
    "SCRM_SECOND_STEP", default=not env_bool("SCRM_DEMO_MODE", default=False)
)
# The retailer's SSO (OpenID Connect); without issuer and client id it is not offered.
OIDC = {
    "issuer": env_str("SCRM_OIDC_ISSUER", ""),
    "client_id": env_str("SCRM_OIDC_CLIENT_ID", ""),
    "client_secret": env_str("SCRM_OIDC_CLIENT_SECRET", ""),
    "name": env_str("SCRM_OIDC_NAME", "SSO"),
    "scope": env_str("SCRM_OIDC_SCOPE", "openid profile"),
    # Which claim of the ID token names the person, and what of ours it names: userid or job_number.
    "claim": env_str("SCRM_OIDC_CLAIM", "preferred_username"),
    "match": env_str("SCRM_OIDC_MATCH", "userid"),
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
# Tries during a lock do not prolong it: nobody keeps a colleague out for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "scrm.core.middleware.client_ip"
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
