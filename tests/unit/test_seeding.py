"""Seeds from names."""

from hypothesis import given
from hypothesis import strategies as st

from mergecast.seeding import seed_for

names = st.lists(st.text("ab1", max_size=3), max_size=4)


@given(names, names, st.integers(0, 3), st.integers(0, 3))
def test_a_seed_is_a_function_of_names_and_number_and_others_have_another(one, other, first, second):
    """Where one name ends and the next begins counts too: ("a", "bc") is not ("ab", "c")."""
    same = (one, first) == (other, second)
    assert (seed_for(*one, seed=first) == seed_for(*other, seed=second)) == same
    assert 0 <= seed_for(*one, seed=first) < 2**63


def test_seeds_are_the_same_in_every_version():
    assert seed_for("dare", "digits", "visual.proj", seed=0) == 3896800392459199856
