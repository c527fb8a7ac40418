from django.urls import path

from community import urls_conduct, urls_data, urls_joining, urls_reports, urls_teams
from community.views import landing, roles

app_name = "community"

urlpatterns = [
    *urls_conduct.urlpatterns,
    *urls_teams.urlpatterns,
    *urls_data.urlpatterns,
    *urls_joining.urlpatterns,
    *urls_reports.urlpatterns,
    path("community/", landing.landing, name="landing"),
    path("community/roles/", roles.roles, name="roles"),
    path("community/roles/<slug:slug>/", roles.role, name="role"),
]
