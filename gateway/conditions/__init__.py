"""Conditions over records: what may stand behind WHERE in SQL, read by sqlglot and held against whole columns here."""

from gateway.conditions.condition import Condition
from gateway.conditions.covered import covers, never_holds, one_holds
from gateway.conditions.reading import ConditionError, read
from gateway.conditions.values import names_of

__all__ = ["Condition", "ConditionError", "covers", "names_of", "never_holds", "one_holds", "read"]
