from django.urls import path, register_converter

from docs_hub.feeds import feed
from docs_hub.views import documents, history, pictures, updates

app_name = "docs_hub"


class YearConverter:
    """A year in one way of writing it, so that no page has two addresses."""

    regex = "[0-9]{4}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:04}"


register_converter(YearConverter, "year")

urlpatterns = [
    path("updates/", updates.updates, name="updates"),
    path("updates/feed.atom", feed, name="feed"),
    path("updates/category/<slug:category>/", updates.updates, name="category"),
    path("updates/category/<slug:category>/feed.atom", feed, name="category_feed"),
    path("updates/<year:year>/", updates.updates, name="year"),
    path("updates/<year:year>/<slug:slug>/", updates.update, name="update"),
    path("docs/", documents.documents, name="documents"),
    path("docs/<slug:collection>/", documents.documents, name="collection"),
    path("docs/<slug:collection>/<slug:slug>/", documents.document, name="document"),
    path("docs/<slug:collection>/<slug:slug>/history/", history.history, name="history"),
    path("docs/<slug:collection>/<slug:slug>/history/<int:number>/", history.former_text, name="former_text"),
    path("docs/<slug:collection>/<slug:slug>/history/changes/", history.changes, name="text_changes"),
    path("media/<path:name>", pictures.picture, name="picture"),
]
