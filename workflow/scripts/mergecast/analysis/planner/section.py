"""Whether the plan is better than random order and than the best single method, in words and by budget."""

from ...charts import number, share, words
from ...tables.reading import unique
from .._section import Section, Table
from .figure import ASKED, draw

BUDGET = 5  # merges of which the sentences speak
RIVALS = {"random_order": "random order", "best_method": "the best method alone", "task_effects": "task effects"}
PLAN = "plan"


def section(setting) -> Section:
    """Verdicts, the lines, and every number."""
    table = setting.tables["planner"]
    return Section(verdicts(table), [draw(setting)], [listed(table)])


def verdicts(table) -> list[str]:
    """At the budget of the headline: the plan against each rival for one model, then the best merge of the whole grid."""
    budget = max((one for one in unique(table.budget) if one <= BUDGET), default=int(table.budget.min()))
    mine = table[table.budget == budget]
    said = []
    for split in unique(table.split):
        asked = mine[(mine.split == split) & (mine.scope == "task")].set_index("strategy")
        first = asked.iloc[0]
        against = "; ".join(_against(asked.loc[name], text) for name, text in RIVALS.items() if name in asked.index)
        told = "" if said else f" What is looked for is the best partner and method of each of {int(first.n)} models."
        said.append(f"{ASKED[split]}: at a budget of {_merges(budget)} the plan is {against}.{told}")
    grid = mine[mine.scope == "grid"].set_index("strategy").regret
    others = ", ".join(f"{words(name)} {number(value, 3)}" for name, value in grid.items() if name not in (PLAN, "oracle"))
    said.append(f"Of the best merge of the whole grid, {_merges(budget)} by the plan lose {number(grid[PLAN], 3)}; {others}.")
    return said


def _against(row, rival: str) -> str:
    """'better than random order by 0.04 [0.02, 0.06]', or that this is not shown, or that it is not so."""
    interval = (
        f"{number(abs(row.behind), 3)} (95 % interval of the lead [{number(row.behind_low, 3)}, {number(row.behind_high, 3)}])"
    )
    if row.behind <= 0:
        return f"not better than {rival}: worse by {interval}"
    return f"better than {rival} by {interval}" + ("" if row.behind_low > 0 else ", which is not shown to be above 0")


def _merges(budget: int) -> str:
    return f"{budget} merge{'s' if budget > 1 else ''}"


def listed(table) -> Table:
    budgets = sorted(unique(table.budget))
    lines = []
    for (split, scope), mine in table.groupby(["split", "scope"], sort=False):
        by = mine.set_index(["strategy", "budget"])
        for name in unique(mine.strategy):
            there = [by.loc[(name, budget)] if (name, budget) in by.index else None for budget in budgets]
            cells = ["–" if row is None else f"{number(row.regret, 3)} ({share(row.hit_rate)})" for row in there]
            looked = "one model" if scope == "task" else "whole grid"
            lines.append(("predictor" if name == PLAN else "", [words(name), looked, ASKED[split].lower(), *cells]))
    head = [("strategy", False), ("looked for in", False), ("forecast of", False), *((f"{n}", True) for n in budgets)]
    note = "Regret by number of merges (share of them that are among the best tenth of all candidates)."
    return Table(head, lines, note)
