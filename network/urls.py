"""The whole site's addresses. Composes all storeys; the hub's pages come last, for they catch everything else."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from network.views import (
    account,
    administration,
    administration_mail,
    administration_members,
    administration_networks,
    administration_organisations,
    audit,
    components,
    directory,
    domains,
    invitations,
    mail,
    members,
    network_members,
    networks,
    notices,
    organisations,
    profile,
    security,
    welcome,
)
from network.views.health import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/login/", account.sign_in, name="account_login"),
    path("account/login/code/", account.RequestCode.as_view(), name="account_request_login_code"),
    path("account/login/code/confirm/", account.SignInCode.as_view(), name="account_confirm_login_code"),
    path("account/signup/", account.SignUp.as_view(), name="account_signup"),
    path("account/signup/confirm/", account.SignUpCode.as_view(), name="account_email_verification_sent"),
    path("account/logout/", account.SignOut.as_view(), name="account_logout"),
    path("account/closed/", account.Closed.as_view(), name="account_inactive"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/mail/", welcome.mail, name="welcome_mail"),
    path("welcome/interests/", welcome.interests, name="welcome_interests"),
    path("welcome/hello/", welcome.hello, name="welcome_hello"),
    path("profile/", profile.profile, name="profile"),
    path("profile/picture/", profile.picture, name="profile_picture"),
    path("profile/picture/remove/", profile.remove, name="profile_picture_remove"),
    path("profile/mail/", profile.mail, name="profile_mail"),
    path("account/login/password/", account.PasswordSignIn.as_view(), name="account_login_password"),
    path("account/login/passkey/", account.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("account/login/second-step/", account.SecondStep.as_view(), name="mfa_authenticate"),
    path("account/", security.account, name="account"),
    path("account/confirm/", security.confirm, name="account_confirm"),
    path("account/confirm/code/", security.confirm_by_code, name="account_confirm_code"),
    path("account/password/", security.password, name="account_password"),
    path("account/password/remove/", security.remove_password, name="account_password_remove"),
    path("account/second-factor/", security.second_factor_needed, name="second_factor_needed"),
    path("account/app/", security.set_up_app, name="account_app"),
    path("account/app/remove/", security.remove_app, name="account_app_remove"),
    path("account/recovery-codes/", security.recovery_codes, name="account_recovery_codes"),
    path("account/passkeys/options/", security.passkey_options, name="passkey_options"),
    path("account/passkeys/add/", security.add_passkey, name="account_passkey_add"),
    path("account/passkeys/<int:pk>/rename/", security.rename_passkey, name="account_passkey_rename"),
    path("account/passkeys/<int:pk>/remove/", security.remove_passkey, name="account_passkey_remove"),
    path("account/sessions/", security.own_sessions, name="account_sessions"),
    path("account/sessions/<int:pk>/end/", security.end_session, name="account_session_end"),
    path("account/sessions/end-others/", security.end_other_sessions, name="account_sessions_end_others"),
    path("account/email/", security.address, name="account_email"),
    path("account/email/code/", security.address_code, name="account_email_code"),
    path("networks/", networks.networks, name="networks"),
    path("networks/<slug:slug>/", networks.network, name="network"),
    path("networks/<slug:slug>/join/", networks.join, name="network_join"),
    path("networks/<slug:slug>/leave/", networks.leave, name="network_leave"),
    path("networks/<slug:slug>/request/", networks.own_request, name="network_request"),
    path("networks/<slug:slug>/request/withdraw/", networks.withdraw, name="network_request_withdraw"),
    path("networks/<slug:slug>/settings/", networks.settings, name="network_settings"),
    path("networks/<slug:slug>/requests/", networks.requests, name="network_requests"),
    path("networks/<slug:slug>/requests/decided/", networks.decisions, name="network_decisions"),
    path("networks/<slug:slug>/requests/<int:pk>/question/", networks.question, name="network_request_question"),
    path("networks/<slug:slug>/requests/<int:pk>/approve/", networks.approve, name="network_request_approve"),
    path("networks/<slug:slug>/requests/<int:pk>/decline/", networks.decline, name="network_request_decline"),
    path("people/", directory.people, name="people"),
    path("networks/<slug:slug>/members/", network_members.network_members, name="network_members"),
    path("networks/<slug:slug>/members/<int:pk>/", network_members.network_membership, name="network_membership"),
    path("networks/<slug:slug>/members/<int:pk>/remove/", network_members.remove, name="network_member_remove"),
    path("networks/<slug:slug>/members/<int:pk>/suspend/", network_members.suspend, name="network_member_suspend"),
    path(
        "networks/<slug:slug>/members/<int:pk>/reinstate/", network_members.reinstate, name="network_member_reinstate"
    ),
    path("networks/<slug:slug>/invitations/", invitations.invitations, name="network_invitations"),
    path("networks/<slug:slug>/invitations/new/", invitations.invite, name="network_invite"),
    path("networks/<slug:slug>/invitations/<int:pk>/resend/", invitations.resend, name="invitation_resend"),
    path("networks/<slug:slug>/invitations/<int:pk>/revoke/", invitations.revoke, name="invitation_revoke"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("people/<int:pk>/", members.member, name="member"),
    path("people/<int:pk>/picture/", members.picture, name="member_picture"),
    path("organisations/<slug:slug>/", organisations.organisation, name="organisation"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="notices_read"),
    path("notices/<int:pk>/open/", notices.open_notice, name="notice_open"),
    path("administration/people.csv", directory.export, name="people_csv"),
    path("administration/", administration.administration, name="administration"),
    path("administration/people/", administration_members.members, name="administration_members"),
    path("administration/people/<int:pk>/", administration_members.member, name="administration_member"),
    path("administration/people/<int:pk>/suspend/", administration_members.suspend, name="account_suspend"),
    path("administration/people/<int:pk>/reinstate/", administration_members.reinstate, name="account_reinstate"),
    path("administration/people/<int:pk>/change/", administration_members.correct, name="account_correct"),
    path("administration/people/<int:pk>/sign-out/", administration_members.sign_out, name="account_sign_out"),
    path("administration/people/<int:pk>/facilitate/", administration_members.appoint, name="account_appoint"),
    path(
        "administration/people/<int:pk>/facilitate/<slug:slug>/stop/",
        administration_members.stand_down,
        name="account_stand_down",
    ),
    path(
        "administration/organisations/", administration_organisations.organisations, name="administration_organisations"
    ),
    path("administration/organisations/add/", administration_organisations.add, name="organisation_add"),
    path(
        "administration/organisations/<slug:slug>/",
        administration_organisations.organisation,
        name="administration_organisation",
    ),
    path(
        "administration/organisations/<slug:slug>/change/",
        administration_organisations.change,
        name="organisation_change",
    ),
    path("administration/networks/", administration_networks.networks, name="administration_networks"),
    path("administration/networks/create/", administration_networks.create, name="network_create"),
    path("administration/networks/<slug:slug>/", administration_networks.change, name="network_change"),
    path("administration/audit/", audit.audit, name="audit"),
    path("administration/audit/export/", audit.export, name="audit_export"),
    path("administration/mail/", administration_mail.mail, name="administration_mail"),
    path("administration/mail/<int:pk>/again/", administration_mail.again, name="mail_again"),
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
