from community import urls_conduct

app_name = "community"

urlpatterns = [
    *urls_conduct.urlpatterns,
]
