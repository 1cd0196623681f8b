from hypothesis import given
from hypothesis import strategies as st

from archrank import Architecture
from archrank.strategies import Evaluated, History

entries = st.lists(
    st.builds(
        lambda i, score, pending: Evaluated(Architecture("s", (i,)), None if pending else score, pending),
        st.integers(0, 8),
        st.none() | st.floats(-1, 1),
        st.booleans(),
    )
)


@given(entries)
def test_the_last_record_of_an_architecture_holds_at_its_first_place(records):
    history = History(records)
    latest = {}
    for record in records:
        latest[record.architecture] = record
    assert list(history) == list(latest.values())
    assert len(history) == len(latest)
    assert history.failed == sum(e.score is None and not e.pending for e in latest.values())


@given(entries, st.integers(0, 10))
def test_latest_is_the_tail_of_measured(records, k):
    history = History(records)
    assert history.latest(k) == history.measured[::-1][:k]
