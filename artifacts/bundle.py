"""The certificates of the authority that signs those of source and warehouse."""

import ssl
from pathlib import Path

from artifacts.errors import InvalidBundle

PRIVATE_KEY = b"PRIVATE KEY-----"


def read_bundle(file: Path) -> bytes:
    """Return the content of the file. Raises InvalidBundle unless it consists of certificates in
    PEM format, without a private key."""
    try:
        body = file.read_bytes()
        has_key = PRIVATE_KEY in body
        if not has_key:
            ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl.SSLError is one
        raise InvalidBundle(
            f"{file} cannot be read as certificates in PEM format: {error}. To fix: pass the bundle"
            " of the authority that signs the certificates of source and warehouse."
        ) from None
    if has_key:
        raise InvalidBundle(
            f"{file} contains a private key, which would be deployed with it. To fix: pass a file"
            " that contains only certificates."
        )
    return body
