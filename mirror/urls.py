from django.urls import include, path

from mirror import views, webhook

app_name = "mirror"

endpoints = [
    path("search.json", views.search, name="search"),
    path("list.json", views.names, name="list"),
    path("providers/<str:vendor>/<str:name>.json", views.providers, name="providers"),
    path("notify", views.notify, name="notify"),
]

urlpatterns = [
    path("hooks/github/", webhook.github, name="github_webhook"),
    path("repository/", views.repository, name="repository"),
    path("repository/builds/<int:pk>/log.txt", views.build_log, name="build_log"),
    path("status/", views.status, name="status"),
    path("badge/<slug:slug>.svg", views.badge, name="badge"),
    path("badge/<slug:slug>.json", views.shield, name="shield"),
    path("", include(endpoints)),
    path("d/<slug:slug>/", include([path("", views.repository, name="distribution"), *endpoints])),
]
