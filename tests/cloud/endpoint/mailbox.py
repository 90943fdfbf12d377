"""Mails of SNS, for tests to read: ministack only logs that it sends one."""

import json
from typing import Any

from ministack.services import sns

from tests.cloud.endpoint import lab

_mails: list[dict[str, str]] = []


def install() -> None:
    """Store every mail. ``/_lab/mail`` returns those from number ``since`` on."""
    fanout = sns._fanout

    def delivering(topic_arn: str, message_id: str, message: str, subject: str, *rest: Any) -> None:
        fanout(topic_arn, message_id, message, subject, *rest)
        for subscription in sns._topics[topic_arn]["subscriptions"]:
            if subscription["protocol"] == "email" and subscription["confirmed"]:
                body = _readable(message)
                _mails.append({"to": subscription["endpoint"], "subject": subject, "body": body})

    sns._fanout = delivering
    lab.route("/mail", lambda body: _mails[body.get("since", 0) :])


def _readable(message: str) -> str:
    """Return the text that SNS writes for an alarm, or any other message unchanged."""
    try:
        alarm = json.loads(message)
        return (
            f'The alarm "{alarm["AlarmName"]}" in {alarm["Region"]} has entered the state'
            f" {alarm['NewStateValue']}, because {alarm['NewStateReason']}\n"
            f"Description: {alarm['AlarmDescription']}\n"
        )
    except (ValueError, KeyError, TypeError):
        return message
