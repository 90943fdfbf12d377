"""Where an entry finds the address of its database: an argument names the place, and no secret."""

from collections.abc import Callable, Mapping

from postgres.address import AUTHORITIES, Address, from_dsn, from_secret
from postgres.errors import InvalidReference


def resolve(
    reference: str,
    environ: Mapping[str, str],
    read_secret: Callable[[str], str],
    ca_bundle: str | None = None,
) -> Address:
    """The address behind ``env:VARIABLE`` (a DSN in the environment) or ``secretsmanager:NAME``
    (a JSON secret, fetched by ``read_secret``). ``ca_bundle`` goes before what AUTHORITIES says in
    the environment. Raises InvalidReference or InvalidAddress."""
    kind, _, name = reference.partition(":")
    if ca_bundle:
        environ = {**environ, AUTHORITIES: ca_bundle}
    match kind:
        case "secretsmanager" if name:
            return from_secret(read_secret(name), environ)
        case "env" if name in environ:
            return from_dsn(environ[name], environ)
        case "env" if name:
            raise InvalidReference(f"The environment has no variable {name}; put the DSN there.")
    # the reference is not repeated: somebody may have given a DSN, with its password
    raise InvalidReference(
        "The database must be named as secretsmanager:NAME or env:VARIABLE; a DSN belongs into"
        " the variable, not into the argument."
    )
