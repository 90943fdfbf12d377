"""Run one invocation of a function as Lambda does, with its zip and this file only.

The request is read from standard input, and the answer is written to the file that it names. The
output of the function is its log. This module uses the standard library only, of any Python.
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
    """Invoke the function; an error of the function is an answer too."""
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
    except Exception as error:  # noqa: BLE001 - any error is one of the function
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
    """Return the peak memory in kB; getrusage would include that of the parent."""
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(peak[1]) if peak else 0


if __name__ == "__main__":
    main()
