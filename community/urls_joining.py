from django.urls import path

from community.views import joining

urlpatterns = [
    path("join/", joining.join, name="join"),
    path("join/discord/", joining.discord, name="join_discord"),
    path("join/discord/new/", joining.new_invitation, name="join_discord_new"),
    path("join/discord/connect/", joining.connect, name="join_discord_connect"),
    path("join/discord/back/", joining.back, name="join_discord_back"),
]
