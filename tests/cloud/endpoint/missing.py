"""Actions of Glue that ministack does not implement."""

from ministack.services import glue

from tests.cloud.endpoint import actions


def install() -> None:
    """Add them."""
    actions.answer(glue, ListWorkflows=lambda _: {"Workflows": list(glue._workflows)})
