"""The options in an operator's event: an invalid one is refused, never guessed."""

import pytest

from ingestion_lambda.errors import InvalidOptions
from ingestion_lambda.options import DEFAULT_OPTIONS, PollOptions, read_options

pytestmark = pytest.mark.lambda_runtime


def test_event_without_options_has_the_defaults():
    assert read_options({}) == read_options({"version": "0"}) == DEFAULT_OPTIONS


def test_options_are_read_from_the_event():
    event = {"allow_mass_delete": ["staff"], "reread": ["design"], "accept_source": True}
    assert read_options(event) == PollOptions(("staff",), ("design",), accept_source=True)
    assert not read_options({"accept_source": False}).accept_source


@pytest.mark.parametrize("name", ["allow_mass_delete", "reread"])
@pytest.mark.parametrize("value", [None, "staff", {"staff": 1}, [1], ["staff", None], True])
def test_tables_that_are_not_a_list_of_names_are_refused(name: str, value: object):
    with pytest.raises(InvalidOptions, match=rf'{name} is .* must be a list.*"{name}": \["'):
        read_options({name: value})


@pytest.mark.parametrize("value", ["false", "true", 1, 0, None, []])
def test_accept_source_is_true_or_false_and_nothing_similar(value: object):
    with pytest.raises(InvalidOptions, match=r"accept_source is .*true or false"):
        read_options({"accept_source": value})


@pytest.mark.parametrize("event", [None, [], "reread"])
def test_event_that_is_not_an_object_is_refused(event: object):
    with pytest.raises(InvalidOptions, match="must be a JSON object"):
        read_options(event)
