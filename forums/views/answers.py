from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from forums import permissions
from forums.actions.answers import mark_answer, tell_whether_it_worked, unmark_answer
from forums.forms import WorkedForm
from forums.models import Answer, Post
from forums.views import member_or_404, post_or_404, say_at_post
from network.limits import LimitReached
from network.permissions import Refused
from network.views import ask_for_second_factor


@require_POST
def answer_mark(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    post = _post_of_reader(request, pk, number)
    if asked := _second_factor_unless_asker(request, post):
        return asked
    mark_answer(post, by=member_or_404(request))
    say_at_post(request, post, f"Post {post.number} is marked as the answer.")
    return redirect(post)


@require_POST
def answer_unmark(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    post = _post_of_reader(request, pk, number)
    if asked := _second_factor_unless_asker(request, post):
        return asked
    unmark_answer(post, by=member_or_404(request))
    say_at_post(request, post, f"Post {post.number} is no longer marked as the answer.")
    return redirect(post)


@require_http_methods(["GET", "HEAD", "POST"])
def answer_worked(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever asked says whether the answer worked."""
    member = member_or_404(request)
    answers = Answer.objects.visible_to(member).select_related("thread__network", "post")
    answer = get_object_or_404(answers, thread=pk)
    permissions.can_tell_whether_it_worked(member, answer).enforce()
    form = WorkedForm(request.POST or None, initial={"worked": answer.worked})
    if form.is_valid():
        try:
            tell_whether_it_worked(answer, form.cleaned_data["worked"], by=member)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Thank you. What you said stands at the top of the thread.")
            return redirect(answer.thread)
    context = {"thread": answer.thread, "network": answer.thread.network, "answer": answer, "form": form}
    return render(request, "forums/answer_worked.html", context)


def _post_of_reader(request: HttpRequest, pk: int, number: int) -> Post:
    """Whoever may not read it learns nothing but 404. Of one that was hidden or deleted the place is there, for the
    verb to say why it cannot be."""
    member = member_or_404(request)
    posts = Post.objects.in_place(member).select_related("thread__network")
    found = post_or_404(posts, pk, number)
    if not found.thread.visible_count:
        raise Http404("No word of the thread is left.")
    return found


def _second_factor_unless_asker(request: HttpRequest, post: Post) -> HttpResponse | None:
    """Whoever acts as facilitator shows one; whoever asked acts for themselves."""
    is_asker = request.user.pk in (post.thread.author_id, post.thread.asker_id)
    return None if is_asker else ask_for_second_factor(request)
