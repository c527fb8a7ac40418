"""The WSGI application that granian serves: `granian --interface wsgi mageos_portal.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageos_portal.settings")

django_application = get_wsgi_application()

from mirror.responder import Responder  # noqa: E402 - its models can be imported from here on

application = Responder(django_application)
