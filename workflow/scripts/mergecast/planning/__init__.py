"""Which merges to try first: candidates of a forecast, the order worth trying, what that is worth. Plain data in and out."""

from .plan import COLUMNS, Plan, Wish, plan

__all__ = ["COLUMNS", "Plan", "Wish", "plan"]
