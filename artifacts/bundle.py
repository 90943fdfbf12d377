"""The certificates of the authority that vouches for the databases."""

import ssl
from pathlib import Path

from artifacts.errors import InvalidBundle

PRIVATE_KEY = b"PRIVATE KEY-----"


def read_bundle(file: Path) -> bytes:
    """What the file holds. Raises InvalidBundle unless that is certificates in PEM, and no key."""
    try:
        body = file.read_bytes()
        holds_key = PRIVATE_KEY in body
        if not holds_key:
            ssl.create_default_context(cafile=file)
    except OSError as wrong:  # ssl.SSLError is one
        raise InvalidBundle(
            f"{file} cannot be read as certificates in PEM: {wrong}. Give the bundle of the"
            " authority that vouches for the databases."
        ) from None
    if holds_key:
        raise InvalidBundle(
            f"{file} holds a private key, and would be deployed with it. Give a file that holds"
            " certificates alone."
        )
    return body
