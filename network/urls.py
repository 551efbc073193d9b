"""The whole site's addresses. Composes all storeys; the hub's pages come last, for they catch everything else."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from network.views import account, components, domains, mail, members, networks, notices, organisations, own_data, rules
from network.views.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/login/", account.sign_in, name="account_login"),
    path("account/login/code/", account.RequestCode.as_view(), name="account_request_login_code"),
    path("account/login/code/confirm/", account.SignInCode.as_view(), name="account_confirm_login_code"),
    path("account/signup/", account.SignUp.as_view(), name="account_signup"),
    path("account/signup/confirm/", account.SignUpCode.as_view(), name="account_email_verification_sent"),
    path("account/logout/", account.SignOut.as_view(), name="account_logout"),
    path("account/closed/", account.Closed.as_view(), name="account_inactive"),
    path("account/data/", own_data.own_data, name="own_data"),
    path("account/data/<int:pk>/", own_data.download, name="own_data_download"),
    path("account/close/", own_data.close, name="account_close"),
    path("account/close/done/", own_data.closed, name="account_close_done"),
    path("welcome/", account.welcome, name="welcome"),
    path("ground-rules/", rules.ground_rules, name="ground_rules"),
    path("ground-rules/agree/", rules.agree, name="ground_rules_agree"),
    path("ground-rules/<int:number>/", rules.ground_rules, name="ground_rules_version"),
    path("networks/", networks.networks, name="networks"),
    path("networks/<slug:slug>/", networks.network, name="network"),
    path("networks/<slug:slug>/join/", networks.join, name="network_join"),
    path("networks/<slug:slug>/leave/", networks.leave, name="network_leave"),
    path("networks/<slug:slug>/requests/", networks.requests, name="network_requests"),
    path("networks/<slug:slug>/requests/<int:pk>/approve/", networks.approve, name="network_request_approve"),
    path("networks/<slug:slug>/requests/<int:pk>/decline/", networks.decline, name="network_request_decline"),
    path("people/<int:pk>/", members.member, name="member"),
    path("organisations/<slug:slug>/", organisations.organisation, name="organisation"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="notices_read"),
    path("notices/<int:pk>/open/", notices.open_notice, name="notice_open"),
    path("administration/ground-rules/", rules.publish, name="ground_rules_publish"),
    path("administration/domains/", domains.domains, name="domains"),
    path("administration/domains/<int:pk>/confirm/", domains.confirm, name="domain_confirm"),
    path("health/", health, name="health"),
    path("", include("forums.urls")),
    path("", include("cms.urls")),
]

if settings.DEMONSTRATION:
    urlpatterns.insert(0, path("development/mail/", mail.development_mail, name="development_mail"))

if settings.DEMONSTRATION or settings.DEBUG:
    urlpatterns.insert(0, path("development/components/", components.components, name="development_components"))

handler400 = "network.views.errors.bad_request"
handler403 = "network.views.errors.refused"
handler404 = "network.views.errors.not_found"
handler429 = "network.views.account.too_often"  # allauth looks for this one
handler500 = "network.views.errors.failed"
