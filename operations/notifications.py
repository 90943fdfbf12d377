"""Sends alarms to a webhook: one message when an alarm begins, and one when it ends."""

import json
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from contracts.errors import PlatformError
from lake import now
from operations.alarms import Alarm

TIMEOUT = 5.0  # seconds


class InvalidWebhook(PlatformError):
    """The address of a webhook is invalid."""

    exit_code = 2


class NotNotified(PlatformError):
    """A webhook did not accept a message; it is sent again."""


def webhook(url: str) -> str:
    """Return the address of a webhook. Raises InvalidWebhook."""
    if not _is_address(url):
        raise InvalidWebhook(
            "The webhook is not an address. To fix: write http://host/path or https://host/path,"
            " with other characters than letters and digits as %XX."
        )
    return url


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # of the host or the port
        return False
    return bool(is_complete) and url.isascii() and not any(c.isspace() for c in url)


@dataclass
class Notifier:
    """Remembers the alarms that the webhook knows, and sends the differences."""

    url: str
    _known: dict[str, Alarm] = field(default_factory=dict)

    def update(self, alarms: list[Alarm]) -> None:
        """Send ALARM for each new alarm and OK for each that has ended.

        Raises NotNotified; then the messages that are left are sent by the next call.
        """
        current = {alarm.name: alarm for alarm in alarms}
        for name, alarm in current.items():
            if name not in self._known:
                self._post(alarm, "ALARM", alarm.reason)
                self._known[name] = alarm
        for name, alarm in list(self._known.items()):
            if name not in current:
                self._post(alarm, "OK", f"{name} is over.")
                del self._known[name]

    def _post(self, alarm: Alarm, state: str, reason: str) -> None:
        message = {
            "alarm": alarm.name,
            "state": state,
            "severity": alarm.state,
            "reason": reason,
            "at": now().isoformat(timespec="seconds"),
            "text": f"{state} {alarm.name}: {reason}",  # the field that chats show
        }
        headers = {"Content-Type": "application/json"}
        request = Request(self.url, json.dumps(message).encode(), headers)
        try:
            with urlopen(request, timeout=TIMEOUT):  # nosec B310 # `webhook` checked the scheme
                pass
        except (HTTPException, OSError) as error:
            host = urlsplit(self.url).hostname
            # other messages may quote the address, whose path is often a secret
            cause = str(error) if isinstance(error, OSError) else type(error).__name__
            raise NotNotified(
                f"The webhook at {host} did not accept '{state} {alarm.name}': {cause}. It is sent"
                " again after the next cycle. To fix: check the address in --notify."
            ) from error
