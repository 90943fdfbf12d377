"""Alarms are sent to a webhook once when they begin and once when they end."""

from contextlib import contextmanager
from email.message import Message
from http.client import BadStatusLine
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from operations import notifications
from operations.alarms import Alarm
from operations.notifications import InvalidWebhook, Notifier, NotNotified, webhook

STALE = Alarm("silence", "stale", "No poll has succeeded for 2 h.")
FAILING = Alarm("failed-jobs", "failing", "load_warehouse failed.")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the bodies of requests. An exception that is put in front refuses the next one."""
    bodies = list[Any]()

    @contextmanager
    def accept(request: Any, timeout: float) -> Any:
        if bodies and isinstance(bodies[0], Exception):
            raise bodies.pop(0)
        bodies.append(request.data.decode())
        yield

    monkeypatch.setattr(notifications, "urlopen", accept)
    return bodies


def test_each_alarm_is_sent_once_at_its_begin_and_its_end(sent: list[Any]):
    notifier = Notifier("http://127.0.0.1:9/hook")
    for alarms in ([], [STALE], [STALE, FAILING], [FAILING], [FAILING], []):
        notifier.update(alarms)
    states = [("ALARM" in body, "silence" in body) for body in sent]
    assert states == [(True, True), (True, False), (False, True), (False, False)]
    assert "No poll has succeeded for 2 h." in sent[0]


@pytest.mark.parametrize(
    "refusal",
    [
        URLError("connection refused"),
        HTTPError("http://127.0.0.1:9", 503, "busy", Message(), None),
        TimeoutError("timed out"),
        BadStatusLine("/secret-token"),
    ],
)
def test_message_that_is_not_accepted_is_sent_again(sent: list[Any], refusal: Exception):
    notifier = Notifier("http://127.0.0.1:9/secret-token")
    sent.append(refusal)
    with pytest.raises(NotNotified, match="sent again") as refused:
        notifier.update([STALE])
    assert "secret-token" not in str(refused.value)
    notifier.update([STALE])
    assert len(sent) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "chat.example.com/hook",
        "http://",
        "http://h:abc/",
        "http://[x/",
        "http://h/a b",
    ],
)
def test_other_addresses_are_refused(url: str):
    with pytest.raises(InvalidWebhook, match="http://host/path"):
        webhook(url)
