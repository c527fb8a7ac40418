from django.urls import path

from community.views import agreement, conduct

urlpatterns = [
    path("code-of-conduct/", conduct.conduct, name="conduct"),
    path("code-of-conduct/v/<int:number>/", conduct.version, name="conduct_version"),
    path("code-of-conduct/diff/<int:older>..<int:newer>/", conduct.diff, name="conduct_diff"),
    path("join/agree/", agreement.agree, name="agree"),
    path("account/agreement/", agreement.agreement, name="agreement"),
    path("account/agreement/withdraw/", agreement.withdraw, name="withdraw_agreement"),
]
