import json
import re
from collections import defaultdict

import pytest

from tests.cloud.terraform import ROOT

TERRAFORM = ROOT / "terraform"
FOLDERS = sorted(str(path.parent.relative_to(TERRAFORM)) for path in TERRAFORM.rglob("main.tf"))
MODULES = [folder for folder in FOLDERS if folder.startswith("modules/")]
FILES = {"main.tf", "outputs.tf", "variables.tf", "versions.tf"}
RUN_OF_THIS_MODULE = re.compile(r'^run "\w+" \{$(?!\n  module)', re.MULTILINE)


def names(folder: str, pattern: str) -> set[str]:
    return {
        str(path.relative_to(TERRAFORM / folder)) for path in (TERRAFORM / folder).glob(pattern)
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_has_exactly_the_four_files(folder):
    assert names(folder, "*.tf") == FILES


def test_account_is_valid(ready):
    ready("account")("validate")


@pytest.fixture(scope="session")
def printed(ready) -> dict[str | None, list[str]]:
    """Run the tests of all modules by one command, and return what it printed about each file.

    A command for each module would read the schemas of the provider each time, which takes a second
    of Terraform and another one of the provider.
    """
    terraform = ready(MODULES[0])
    for module in MODULES:
        named = rf'\g<0>\n  module {{\n    source = "../../{module}"\n  }}\n'
        for test in names(module, "tests/*.tftest.hcl"):
            text = (TERRAFORM / module / test).read_text()
            (terraform.folder / test).write_text(RUN_OF_THIS_MODULE.sub(named, text))
    terraform.init()
    lines = defaultdict[str | None, list[str]](list)
    for line in terraform("test", "-json", accept=(0, 1)).stdout.splitlines():
        message = json.loads(line)
        detail = message.get("diagnostic", {}).get("detail", "")
        lines[message.get("@testfile")].append(f"{message['@message']} {detail}".rstrip())
    return lines


@pytest.mark.parametrize("module", MODULES)
def test_module_passes_its_tests(printed, module):
    tests = names(module, "tests/*.tftest.hcl")
    assert tests, "the module has no test of its plan"
    for test in tests:
        assert f"{test}... pass" in printed[test], "\n".join(printed[test] or printed[None])


def test_root_passes_its_tests(ready):
    assert names(".", "tests/*.tftest.hcl"), "the root has no test of its plan"
    ready(".")("test")
