from django.urls import path

from community.views import data

urlpatterns = [
    path("account/profile/", data.profile, name="profile"),
    path("account/data/", data.data, name="data"),
    path("account/data/copy/", data.ask_for_copy, name="ask_for_copy"),
    path("account/data/copy/<uuid:uuid>/", data.copy, name="data_copy"),
    path("account/data/copy/<uuid:uuid>.json", data.copy_json, name="data_copy_json"),
    path("account/data/delete/", data.delete, name="delete_account"),
    path("account/data/keep/", data.keep, name="keep_account"),
]
