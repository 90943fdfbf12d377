"""The packages that a quiet poll does without: their imports would take longer than the poll."""

import subprocess
import sys
from pathlib import Path

UNUSED = {"boto3", "pandas", "pyiceberg", "pyspark", "rich", "sqlalchemy", "streamlit"}
POLL = """
import sys
from embedded.cli import main
assert main(["poll", "--source", "postgresql://a@127.0.0.1:1/a", "--lake", sys.argv[1]]) == 1
print(*sys.modules)
"""


def test_poll_imports_no_package_that_it_does_not_use(tmp_path: Path):
    command = [sys.executable, "-c", POLL, str(tmp_path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert "pyarrow" in imported
    assert not imported & UNUSED
