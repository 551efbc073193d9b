"""A subquery that PostgreSQL asks once for a query, whatever the number of rows that it is compared with."""

from __future__ import annotations

from typing import Any

from django.db.models import ForeignKey
from django.db.models.fields.related_lookups import RelatedIn


@ForeignKey.register_lookup
class InOnce(RelatedIn):
    """As `in`, of a short list that does not depend on the row, such as the networks of whoever reads. PostgreSQL makes
    a join of `in` and, where it goes through rows one by one, looks up the reader's memberships for each of them:
    that was half of what counting their notices took (measured)."""

    lookup_name = "in_once"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        if connection.vendor == "postgresql" and not self.rhs_is_direct_value():
            return f"= ANY (ARRAY{rhs})"
        operator: str = super().get_rhs_op(connection, rhs)
        return operator
