"""Actions of Glue that ministack has not."""

from typing import Any

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import glue

from tests.cloud.endpoint import actions

Request = dict[str, Any]
CATALOG = "DataCatalogEncryptionSettings"
_catalog_settings: Any = AccountRegionScopedDict()


def install() -> None:
    """Add them."""
    actions.answer(
        glue,
        ListWorkflows=lambda _: {"Workflows": list(glue._workflows)},
        PutDataCatalogEncryptionSettings=_put_catalog_settings,
        GetDataCatalogEncryptionSettings=_get_catalog_settings,
    )


def _put_catalog_settings(request: Request) -> Request:
    _catalog_settings[CATALOG] = request[CATALOG]
    return {}


def _get_catalog_settings(_: Request) -> Request:
    return {CATALOG: _catalog_settings.get(CATALOG) or {}}
