from django.urls import path

from community.views import reports

urlpatterns = [path("code-of-conduct/report/", reports.report, name="report")]
