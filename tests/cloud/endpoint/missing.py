"""Actions that ministack does not implement."""

from typing import Any

from ministack.services import athena, glue

from tests.cloud.endpoint import actions

ENGINE = "Athena engine version 3"


def install() -> None:
    """Add them."""
    actions.answer(glue, ListWorkflows=lambda _: {"Workflows": list(glue._workflows)})
    engines = [{"SelectedEngineVersion": name} for name in ("AUTO", ENGINE)]
    actions.answer(
        athena,
        ListEngineVersions=lambda _: {"EngineVersions": engines},
        ListWorkGroups=lambda _: {"WorkGroups": [*map(_summary, athena._workgroups.values())]},
    )


def _summary(group: dict[str, Any]) -> dict[str, Any]:
    selected = group.get("Configuration", {}).get("EngineVersion", {}).get("SelectedEngineVersion")
    version = {"SelectedEngineVersion": selected, "EffectiveEngineVersion": selected or ENGINE}
    return {"Name": group["Name"], "State": group["State"], "EngineVersion": version}
