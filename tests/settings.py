"""The portal's settings in an environment of the tests' own: nothing of the shell's or of var/ leaks in."""

import atexit
import os
import shutil
import tempfile

BASE = "PORTAL_TEST_DIRECTORY"  # set by the first process, seen by the parallel ones that it starts

if BASE not in os.environ:
    os.environ[BASE] = tempfile.mkdtemp(prefix="portal-tests-")
    atexit.register(shutil.rmtree, os.environ[BASE], ignore_errors=True)
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # hundreds of processes would compile everything anew
    os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(os.environ[BASE], "bytecode")  # noqa: PTH118
for name in [name for name in os.environ if name.startswith("PORTAL_") and not name.startswith("PORTAL_TEST_")]:
    del os.environ[name]
for name in ("DATABASE_URL", "Q_BROKER_URL"):
    os.environ.pop(name, None)
if "PORTAL_TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["PORTAL_TEST_DATABASE_URL"]
os.environ["PORTAL_DATA_DIR"] = os.path.join(os.environ[BASE], os.environ.get("PYTEST_XDIST_WORKER", "main"))  # noqa: PTH118
os.environ["PORTAL_LOG_LEVEL"] = "WARNING"
os.environ["GIT_ALLOW_PROTOCOL"] = "file"

from mageos_portal.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; for accounts of one test
