"""The index of who makes a file finds just what Snakemake's own finds."""

from hypothesis import example, given
from hypothesis import strategies as st
from snakemake.io import IOFile
from snakemake.output_index import OutputIndex
from snakemake.rules import Rule

from mergecast.workflow import planning

PIECES = ("a", "b", "/", "__", ".json", "{x}", "{y}", r"{z,\d+}", "1")
PATTERNS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join).filter(lambda name: name.count("{z") <= 1)
TARGETS = st.lists(st.sampled_from(("a", "b", "/", "__", ".json", "1")), min_size=1, max_size=8).map("".join)


class Patterns:
    """As much of a rule as an index asks for; the test of a file is Snakemake's."""

    is_producer = Rule.is_producer

    def __init__(self, patterns):
        self.patterns = [IOFile(pattern) for pattern in patterns]

    def products(self):
        return iter(self.patterns)


@given(st.lists(st.lists(PATTERNS, min_size=1, max_size=4), max_size=5), st.lists(TARGETS, min_size=1, max_size=5))
@example(
    [["results/{x}/a__b.json", "results/{x}/b__c.json"], ["results/b/{y}.json"], ["results/b/a__b.json"]],
    ["results/b/a__b.json"],
)
@example([["{x}"], ["a"]], ["a"])
@example([["a{x}a"]], ["a", "aa", "aba"])
def test_the_same_rules_are_found_as_by_snakemake_itself(rules, targets):
    rules = [Patterns(patterns) for patterns in rules]
    ours, theirs = planning.Producers(rules), OutputIndex(rules)
    for target in targets * 2:  # the second time from what was remembered
        assert ours.match_producers(target) == theirs.match_producers(target)
