from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from forums import permissions
from forums.actions.threads import move_thread
from forums.forms import MoveForm
from forums.models import Thread
from forums.views import member_or_404
from network.views import second_factor_required


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def thread_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a thread under another theme. Its address stays."""
    member = member_or_404(request)
    thread = get_object_or_404(Thread.objects.in_place(member).select_related("network", "theme"), pk=pk)
    permissions.can_move(member, thread).enforce()
    posted = request.POST if request.method == "POST" else None
    form = MoveForm(thread.network, member, posted, initial={"theme": thread.theme_id})
    if form.is_valid():
        moved = move_thread(thread, form.cleaned_data["theme"], by=member)
        messages.success(request, f"The thread is under {moved.theme} now.")
        return redirect(moved)
    return render(request, "forums/thread_move.html", {"thread": thread, "network": thread.network, "form": form})
