"""What members tell of themselves, and how the networks may write to them: their own pages for changing it."""

from __future__ import annotations

from allauth.account.utils import get_next_redirect_url
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from network.actions import profile as verbs
from network.forms import MailForm, PictureForm, ProfileForm
from network.models import Profile
from network.models.digest_time import MailInWords
from network.models.standing import standing_of
from network.storage import NotAPicture
from network.views import MemberRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: MemberRequest) -> HttpResponse:
    form = ProfileForm(request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        told = {name: value for name, value in form.cleaned_data.items() if not name.startswith("shows_")}
        verbs.change_profile(by=request.user, shows=form.shows, **told)
        messages.success(request, "Your profile is saved.")
        return redirect("member", request.user.pk)
    context = {"form": form, "profile": Profile.of(request.user), "organisation": request.user.organisation}
    return render(request, "network/profile.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def picture(request: MemberRequest) -> HttpResponse:
    own = Profile.of(request.user)
    form = PictureForm(own, request.POST, request.FILES) if request.method == "POST" else PictureForm(own)
    if form.is_valid():
        try:
            verbs.change_picture(
                by=request.user,
                upload=form.cleaned_data["picture"],
                alt=form.cleaned_data["picture_alt"],
                shows=form.cleaned_data["shows_picture"],
            )
        except NotAPicture as problem:
            form.add_error("picture", str(problem))
        else:
            messages.success(request, "Your picture is saved.")
            return redirect("member", request.user.pk)
    return render(request, "network/profile_picture.html", {"form": form, "profile": own})


@login_required
@require_POST
def remove(request: MemberRequest) -> HttpResponse:
    verbs.remove_picture(by=request.user)
    messages.success(request, "Your picture is removed.")
    return redirect("profile_picture")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def mail(request: MemberRequest) -> HttpResponse:
    """How each of their networks may write to them, and in words what comes of that. Asked on the way to another page
    (`?next=`), as after joining, it leads there."""
    own = standing_of(request.user).active()
    onward = get_next_redirect_url(request)
    form = MailForm(request.user, own, request.POST if request.method == "POST" else None)
    if form.is_valid():
        verbs.choose_mail(form.choices, form.times, by=request.user)
        messages.success(request, "Your choice is saved.")
        return redirect(onward or "profile_mail")  # which says in words what it means
    context = {"form": form, "words": MailInWords.of(request.user, own), "onward": onward}
    return render(request, "network/profile_mail.html", context)
