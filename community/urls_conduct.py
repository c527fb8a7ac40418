from django.urls import path, register_converter

from community.views import agreement, conduct


class VersionConverter:
    """The number of a version, in one way of writing it."""

    regex = "[1-9][0-9]{0,4}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(VersionConverter, "version")

urlpatterns = [
    path("code-of-conduct/", conduct.conduct, name="conduct"),
    path("code-of-conduct/v/<version:number>/", conduct.version, name="conduct_version"),
    path("code-of-conduct/diff/<version:older>..<version:newer>/", conduct.diff, name="conduct_diff"),
    path("join/agree/", agreement.agree, name="agree"),
    path("account/agreement/", agreement.agreement, name="agreement"),
    path("account/agreement/withdraw/", agreement.withdraw, name="withdraw_agreement"),
]
