from django.urls import path

from community.views import teams

urlpatterns = [
    path("community/teams/", teams.teams, name="teams"),
    path("community/teams.json", teams.teams_json, name="teams_json"),
    path("community/teams/<slug:team>/", teams.team, name="team"),
]
