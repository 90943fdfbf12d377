import re
from collections.abc import Iterator
from typing import Any

# Resource types that hold the value of a secret.
TYPES = re.compile(r"secret_version|random_password|access_key|login_profile|ssm_parameter")
NAMES = re.compile(r"passw|secret_(string|binary|key)|private_key|auth_token|access_key", re.I)
VALUES = {
    "a URL with a password": re.compile(r"://[^/\s:@]*:[^/\s@]+@"),
    "a password assignment": re.compile(r"(password|passwd|pwd)['\"]?\s*[=:]\s*['\"]?\w", re.I),
    "an access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}


def test_no_resource_holds_the_value_of_a_secret(applied):
    assert not {resource["address"] for resource in applied if TYPES.search(resource["type"])}


def test_no_argument_is_a_password(applied):
    passwords = {
        f"{resource['address']}: {'.'.join(path)}"
        for resource in applied
        for path, value in _leaves(resource["values"])
        if value not in (None, "", False) and any(NAMES.search(name) for name in path)
    }
    assert not passwords


def test_no_value_looks_like_a_secret(applied):
    secrets = {
        f"{resource['address']}: {what} in {'.'.join(path)}"
        for resource in applied
        for path, value in _leaves(resource["values"])
        for what, pattern in VALUES.items()
        if isinstance(value, str) and pattern.search(value)
    }
    assert not secrets


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(number)))
    else:
        yield path, value
