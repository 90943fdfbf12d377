from pathlib import Path

import pytest

from tests.cloud.terraform import ROOT

TERRAFORM = ROOT / "terraform"
FOLDERS = sorted(str(path.parent.relative_to(TERRAFORM)) for path in TERRAFORM.rglob("main.tf"))
TESTED = [folder for folder in FOLDERS if folder != "account"]
FILES = {"main.tf", "outputs.tf", "variables.tf", "versions.tf"}


def names(folder: str, pattern: str) -> set[str]:
    return {path.name for path in Path(TERRAFORM, folder).glob(pattern)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_has_exactly_the_four_files(folder):
    assert names(folder, "*.tf") == FILES


def test_account_is_valid(ready):
    ready("account")("validate")


@pytest.mark.parametrize("module", TESTED)
def test_module_passes_its_tests(ready, module):
    assert names(module, "tests/*.tftest.hcl"), "the module has no test of its plan"
    ready(module)("test")
