"""Runs one invocation of a function as Lambda does: this file is all that it has beside its zip.

The request comes on standard input, the answer goes to the file that the request names, and what
the function prints is its log. Here is the standard library only, on whatever Python runs this.
"""

import importlib
import json
import re
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def main() -> None:
    """Invoke the function; an error of its own is an answer too."""
    request = json.load(sys.stdin)
    sys.path.insert(0, request["folder"])
    answer = _invoke(request)
    answer["peak_kb"] = _peak_kb()
    Path(request["answer"]).write_text(json.dumps(answer))


def _invoke(request: dict[str, Any]) -> dict[str, Any]:
    try:
        module, _, name = request["handler"].rpartition(".")
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
        result = handler(request["event"], _context(request))
        json.dumps(result)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the function's
        traceback.print_exc()
        return {
            "error": {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "requestId": request["context"]["aws_request_id"],
                "stackTrace": traceback.format_exception(error),
            }
        }
    return {"result": result}


def _context(request: dict[str, Any]) -> SimpleNamespace:
    deadline = time.monotonic() + request["timeout"]
    return SimpleNamespace(
        **request["context"],
        get_remaining_time_in_millis=lambda: int(1000 * (deadline - time.monotonic())),
    )


def _peak_kb() -> int:
    """The most memory that was used; getrusage would count that of the parent too."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
