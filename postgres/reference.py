"""References to databases: an argument names where the address is, and contains no secret."""

from collections.abc import Callable, Mapping

from postgres.address import AUTHORITIES, Address, from_dsn, from_secret
from postgres.errors import InvalidReference


def resolve(
    reference: str,
    environ: Mapping[str, str],
    read_secret: Callable[[str], str],
    ca_bundle: str | None = None,
) -> Address:
    """Return the address behind ``env:VARIABLE`` or ``secretsmanager:NAME``.

    The variable holds a DSN; ``read_secret`` returns a JSON secret. ``ca_bundle`` has priority over
    AUTHORITIES in the environment. Raises InvalidReference or InvalidAddress.
    """
    kind, _, name = reference.partition(":")
    if ca_bundle:
        environ = {**environ, AUTHORITIES: ca_bundle}
    match kind:
        case "secretsmanager" if name:
            return from_secret(read_secret(name), environ)
        case "env" if name in environ:
            return from_dsn(environ[name], environ)
        case "env" if name:
            raise InvalidReference(
                f"The environment has no variable {name}. To fix: set it to the DSN."
            )
    # the message does not contain the reference: it may be a DSN with a password
    raise InvalidReference(
        "The database must be named as secretsmanager:NAME or env:VARIABLE. To fix: put the DSN"
        " into a variable, not into the argument."
    )
