"""Django settings. What an installation may choose is read and checked in configuration.py."""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from mageos_portal.configuration import ConfigurationError, read_configuration
from mageos_portal.secret_key import generated_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
_configuration = read_configuration(os.environ, BASE_DIR)

PORTAL_PRODUCTION = _configuration.production
DEBUG = _configuration.debug
PORTAL_DATA_DIR = _configuration.data_dir
PORTAL_BASE_URL = _configuration.base_url  # never derived from a request
PORTAL_GIT_HOSTS = _configuration.git_hosts
PORTAL_FETCH_TIMEOUT = _configuration.fetch_timeout
PORTAL_TRUSTED_PROXIES = _configuration.trusted_proxies

try:
    PORTAL_DATA_DIR.mkdir(mode=0o755 if PORTAL_PRODUCTION else 0o700, parents=True, exist_ok=True)
    SECRET_KEY = _configuration.secret_key or generated_secret_key(PORTAL_DATA_DIR)
except OSError as error:
    raise ConfigurationError([f"PORTAL_DATA_DIR: {error}; name a directory that the portal may write to"]) from error

ALLOWED_HOSTS = _configuration.allowed_hosts
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]

INSTALLED_APPS = [
    "mageos_portal.apps.PortalConfig",
    "mirror.apps.MirrorConfig",
    "community.apps.CommunityConfig",
    "docs_hub.apps.DocsHubConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_q",
]

MIDDLEWARE = [
    "mageos_portal.middleware.believe_trusted_proxies_only",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mageos_portal.middleware.send_permissions_policy",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "mageos_portal.urls"
WSGI_APPLICATION = "mageos_portal.wsgi.application"

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
                "mageos_portal.context_processors.site",
            ],
        },
    }
]

DATABASES = {"default": _configuration.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by all processes: the queue's heartbeats would be invisible in local memory.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _configuration.cache_url}
    if _configuration.cache_url
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # the default of 300 would drop limits and heartbeats
    }
}

# Ordinary tasks are short. Builds have a cluster of their own: Q_CLUSTER_NAME=builds manage.py qcluster
Q_CLUSTER: dict[str, Any] = {
    "name": "default",
    "label": "Task queue",
    "workers": 2,
    "timeout": 60,
    "retry": 120,
    "max_attempts": 3,
    "ack_failures": True,
    "poll": 1,
    "guard_cycle": 2,
    "save_limit": 1000,
    "catch_up": False,
    "ALT_CLUSTERS": {
        "builds": {
            "workers": 1,
            "timeout": _configuration.build_timeout,
            "retry": _configuration.build_retry,
            "max_attempts": 1,
            "ack_failures": True,
        }
    },
    **({"redis": _configuration.broker_url} if _configuration.broker_url else {"orm": "default"}),
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = _configuration.static_root if PORTAL_PRODUCTION else None
WHITENOISE_USE_FINDERS = not PORTAL_PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 60 if PORTAL_PRODUCTION else 0  # seconds, for names without a hash
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PORTAL_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PORTAL_PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PORTAL_PRODUCTION else 0
# Whether other names of the domain speak https is not ours to promise: no includeSubDomains, no preload.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_SSL_REDIRECT = PORTAL_PRODUCTION and bool(PORTAL_TRUSTED_PROXIES)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PORTAL_TRUSTED_PROXIES else None

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _configuration.log_level},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": _configuration.log_level, "propagate": False},
        "django.server": {"handlers": ["stderr"], "level": _configuration.log_level, "propagate": False},
    },
}
