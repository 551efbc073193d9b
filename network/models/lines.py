from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, TextField
from django.db.models.functions import Cast


class Lines(Aggregate):
    """The texts of a group as one, a line each, in no order. Django has this for one of the databases only."""

    template = "%(function)s(%(expressions)s, %(between)s)"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, function="GROUP_CONCAT", between="char(10)", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        text = self.copy()
        *texts, condition = self.get_source_expressions()
        text.set_source_expressions([*(Cast(each, TextField()) for each in texts), condition])
        return super(Lines, text).as_sql(compiler, connection, function="STRING_AGG", between="chr(10)", **context)
