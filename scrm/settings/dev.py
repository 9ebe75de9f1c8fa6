"""Development and demo: the same product on this machine, with keys that protect nothing."""

from csp.constants import SELF

from scrm.settings.base import *
from scrm.settings.env import env_bool, env_str

PRODUCTION = False
SECOND_STEP_REQUIRED = env_bool("SCRM_SECOND_STEP", default=False)
SECRET_KEY = env_str("SECRET_KEY", "development-only-" + "x" * 40)
FIELD_KEYS = env_str("SCRM_FIELD_KEYS", "1:ZGV2ZWxvcG1lbnQtb25seS1maWVsZC1rZXkhISEhISE=")
BLIND_INDEX_KEY = env_str("SCRM_BLIND_INDEX_KEY", "ZGV2ZWxvcG1lbnQtb25seS1ibGluZC1pbmRleCEhISE=")
AUDIT_KEY = env_str("SCRM_AUDIT_KEY", "ZGV2ZWxvcG1lbnQtb25seS1hdWRpdC1rZXkhISEhISE=")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DEBUG = env_bool("SCRM_DEBUG", default=False)
LOGGING = {**LOGGING, "json": env_bool("SCRM_LOG_JSON", default=False)}
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = ""  # nothing is collected: the finders serve
SILENCED_SYSTEM_CHECKS = []
if DEMO_MODE:
    # As browsers reach it: in containers our servers know it by another name.
    DEMO_WORLD_URL = WECOM_OAUTH_BASE
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["connect-src"] = [SELF, DEMO_WORLD_URL]
