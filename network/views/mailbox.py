"""Showing again that the mailbox of an account is still its owner's."""

from __future__ import annotations

from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from network import limits
from network.actions.mail import MailNotSent
from network.models import Member


@require_http_methods(["GET", "HEAD", "POST"])
def mailbox_proof(request: HttpRequest) -> HttpResponse:
    """Where the mail leads that asks for it. Signing in with a code is the proof; somebody who is signed in, however
    they did, is signed out and sent one."""
    if not request.user.is_authenticated:
        return redirect("account_request_login_code")
    if request.method == "POST":
        limits.PROVING.spend(request.user)
        return _send_code(request, request.user)
    return render(request, "network/mailbox_proof.html")


def _send_code(request: HttpRequest, member: Member) -> HttpResponse:
    logout(request)
    try:
        LoginCodeVerificationProcess.initiate(request=request, user=member, email=member.email)
    except MailNotSent as problem:
        messages.error(request, str(problem))
        return redirect("account_request_login_code")
    return redirect("account_confirm_login_code")
