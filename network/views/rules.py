"""The ground rules: what they say, agreeing to them, and changing them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from network.actions.rules import ChangedMeanwhile, agree_to_rules, publish_rules
from network.forms import AgreeForm, GroundRulesForm
from network.models import GroundRules, Network
from network.permissions import Refused, can_publish_rules
from network.views import MemberRequest


@require_safe
def ground_rules(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """The version that holds, or an earlier one by its number."""
    versions = list(GroundRules.objects.visible_to(request.user))
    shown = next((rules for rules in versions if number in (None, rules.number)), None)
    if number is not None and shown is None:
        raise Http404
    context = {
        "rules": shown,
        "is_current": bool(versions) and shown == versions[0],
        "others": [rules for rules in versions if rules != shown],
        "can_publish": can_publish_rules(request.user),
    }
    return render(request, "network/ground_rules.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: MemberRequest) -> HttpResponse:
    """Asks a member again because the rules have changed, and then leads on to where they were going."""
    onward = _onward(request)
    rules = GroundRules.objects.unanswered_by(request.user)
    if rules is None:
        return redirect(onward)
    form = AgreeForm(rules, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            agree_to_rules(rules, by=request.user)
        except Refused as refused:  # a newer version came between
            messages.info(request, str(refused))
            return redirect(request.get_full_path())
        return redirect(onward)
    context = {
        "rules": rules,
        "form": form,
        "agreed_before": request.user.rules_accepted.exists(),
        "networks": Network.objects.of(request.user),
    }
    return render(request, "network/ground_rules_agree.html", context)


def _onward(request: HttpRequest) -> str:
    """A page of ours; the home page where the address is somebody else's."""
    address = request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None) and address.startswith("/")
    return address if is_ours else "/"


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: MemberRequest) -> HttpResponse:
    """A new version: written, looked at, published."""
    if not can_publish_rules(request.user):
        raise Http404
    current = GroundRules.objects.current()
    form = GroundRulesForm(current, request.POST if request.method == "POST" else None)
    preview = None
    if form.is_valid():
        given = form.cleaned_data
        if "publish" in request.POST:
            try:
                rules = publish_rules(by=request.user, **given)
            except ChangedMeanwhile:
                current = GroundRules.objects.current()
                posted = request.POST.copy()
                posted["after"] = str(current.number) if current else ""
                form = GroundRulesForm(current, posted)
                form.add_error(None, "Somebody has published another version meanwhile. Compare, then publish again.")
            else:
                messages.success(request, f"Version {rules.number} is published. Members are asked to agree to it.")
                return redirect("ground_rules")
        elif "preview" in request.POST:
            preview = GroundRules(number=(given["after"] or 0) + 1, text=given["text"], change=given["change"])
    context = {
        "form": form,
        "preview": preview,
        "as_previewed": GroundRulesForm(current, request.POST, auto_id=False) if preview else None,
        "current": current,
    }
    return render(request, "network/ground_rules_publish.html", context)
