"""End a process in the middle of a step, as a crash of the machine does."""

import os
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any


def killed(
    action: Callable[[], object], owner: Any, name: str, call: int = 1, *, after: bool = False
) -> None:
    """Run the action in a copy of this process, which gets SIGKILL in the given call of a function,
    before it begins or after it. The copy uses the JVM of this process, which waits meanwhile."""
    child = os.fork()
    if not child:
        try:
            _kill_at(owner, name, call, after=after)
            action()
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "the function was not called so often"


def _kill_at(owner: Any, name: str, call: int, *, after: bool) -> None:
    function, calls = getattr(owner, name), 0

    @wraps(function)
    def deadly(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)
