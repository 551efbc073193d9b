"""What whoever watches the site is told besides the database and the worker: storeys above say what to ask."""

from __future__ import annotations

from collections.abc import Callable

Question = Callable[[], str | None]  # a sentence that says what is wrong, or None; answers at once, without a query

_questions: list[Question] = []


def ask_also(question: Question) -> Question:
    _questions.append(question)
    return question


def what_is_wrong() -> str | None:
    return next((problem for question in _questions if (problem := question())), None)
