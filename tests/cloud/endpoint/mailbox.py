"""Mail that SNS sends: ministack logs that there was some, a test wants to read it."""

import json
from typing import Any

from ministack.services import sns

from tests.cloud.endpoint import lab

_mails: list[dict[str, str]] = []


def install() -> None:
    """Keep every mail, and hand them out as ``/_lab/mail``, those from number ``since`` on."""
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
    """The text of an alarm, of which SNS makes sentences for mail alone; any other as it is."""
    try:
        told = json.loads(message)
        return (
            f'The alarm "{told["AlarmName"]}" in {told["Region"]} has entered the state'
            f" {told['NewStateValue']}, because {told['NewStateReason']}\n"
            f"Description: {told['AlarmDescription']}\n"
        )
    except (ValueError, KeyError, TypeError):
        return message
