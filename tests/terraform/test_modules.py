from pathlib import Path

import pytest

from tests.cloud.terraform import ROOT

TERRAFORM = ROOT / "terraform"
FOLDERS = sorted(str(path.parent.relative_to(TERRAFORM)) for path in TERRAFORM.rglob("main.tf"))
MODULES = [folder for folder in FOLDERS if folder.startswith("modules/")]
FILES = {"main.tf", "outputs.tf", "variables.tf", "versions.tf"}


def names(folder: str, pattern: str) -> set[str]:
    return {path.name for path in Path(TERRAFORM, folder).glob(pattern)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_has_the_four_files_and_no_more(folder):
    assert names(folder, "*.tf") == FILES


# A module's own tests validate it, and its root does again.
@pytest.mark.parametrize("root", sorted(set(FOLDERS) - set(MODULES)))
def test_root_is_valid(ready, root):
    ready(root)("validate")


@pytest.mark.parametrize("module", MODULES)
def test_module_passes_its_own_tests(ready, module):
    assert names(module, "tests/*.tftest.hcl"), "a module without a test of its plan"
    ready(module)("test")
