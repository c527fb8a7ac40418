from django.urls import include, path

from mirror import views

app_name = "mirror"

endpoints = [
    path("search.json", views.search, name="search"),
    path("list.json", views.names, name="list"),
    path("providers/<str:vendor>/<str:name>.json", views.providers, name="providers"),
    path("notify", views.notify, name="notify"),
]

urlpatterns = [
    path("repository/", views.repository, name="repository"),
    path("", include(endpoints)),
    path("d/<slug:slug>/", include([path("", views.repository, name="distribution"), *endpoints])),
]
