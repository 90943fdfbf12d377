"""What an operator's event may hold; what is no order is refused, never guessed at."""

import pytest

from ingestion_lambda.errors import InvalidOptions
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions, read_options

pytestmark = pytest.mark.lambda_runtime


def test_event_without_orders_is_the_routine():
    assert read_options({}) == read_options({"version": "0"}) == DEFAULT_OPTIONS


def test_orders_are_read_as_they_are_given():
    event = {"allow_mass_delete": ["staff"], "reread": ["design"], "accept_source": True}
    assert read_options(event) == PollOptions(("staff",), ("design",), accept_source=True)
    assert not read_options({"accept_source": False}).accept_source


@pytest.mark.parametrize("name", ["allow_mass_delete", "reread"])
@pytest.mark.parametrize("value", [None, "staff", {"staff": 1}, [1], ["staff", None], True])
def test_tables_that_are_no_list_of_names_are_refused(name: str, value: object):
    with pytest.raises(InvalidOptions, match=rf'{name} must be a list.*"{name}": \["'):
        read_options({name: value})


@pytest.mark.parametrize("value", ["false", "true", 1, 0, None, []])
def test_another_source_is_accepted_by_true_and_by_nothing_like_it(value: object):
    with pytest.raises(InvalidOptions, match="accept_source must be true or false"):
        read_options({"accept_source": value})


@pytest.mark.parametrize("event", [None, [], "reread"])
def test_event_that_is_no_object_is_refused(event: object):
    with pytest.raises(InvalidOptions, match="must be a JSON object"):
        read_options(event)
