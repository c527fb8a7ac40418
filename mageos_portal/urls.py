from django.contrib import admin
from django.urls import include, path

from mageos_portal import account_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("search/", views.search, name="search"),
    path("account/", account_views.overview, name="account_overview"),
    path("account/", include("allauth.account.urls")),
    path("account/second-factor/totp/activate/", account_views.add_app, name="mfa_activate_totp"),
    path("account/second-factor/webauthn/add/", account_views.add_passkey, name="mfa_add_webauthn"),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
    path("", include("community.urls")),
    path("", include("docs_hub.urls")),
    path("", include("mirror.urls")),
]

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.page_not_found
handler429 = views.too_many_requests  # Django has no such handler; libraries that limit rates look for it here
handler500 = views.server_error
