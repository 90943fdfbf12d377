"""Hides secrets in a text: if the end of a secret is in doubt, more is hidden, never less."""

import re

# A word that names a secret, but not the service, the ARN of a secret, or the id of a key.
NAME = (
    r"(?:(?:passw|pwd|(?<!:)secret(?!smanager)|token|signature|authorization"
    r"|(?:api|private|access)[._-]?key(?![._-]?id))\w{0,40}"
    r"|(?<![a-z])pass(?:phrase|code)?(?![a-z_]))"
)
END_OF_NAME = r"""\\?["']?"""

MASKED = r"""\*{3}(?=[\s,;)}\]"']|$)"""
QUOTED = r"""[brufe]{0,2}(?:"(?:[^"\\\n]|\\.)*(?:"|\\?$)|'(?:[^'\\\n]|\\.)*(?:'|\\?$))+"""
QUOTED_WITHIN_QUOTES = r"""\\["'](?:\\\\.|(?!\\["']).)*(?:\\["']|$)"""
IN_QUOTES = rf"{MASKED}|{QUOTED}|{QUOTED_WITHIN_QUOTES}"
VALUE = rf"(?:{IN_QUOTES}|[{{\[(].*|\S+)"  # a value in brackets may contain names and values

# A password in an address may contain anything but / ? #, and ends at the last @ before the host.
# Without a path after the host, a port and a later mail address in the line are not a password.
PORT = r"""\d{1,5}(?:$|[\s"',;.)\]])"""
BEFORE_A_PATH = r"[^/?#\n]+(?=@[^\s/?#@]+/)"
BEFORE_A_HOST = rf"(?!\s|{PORT})[^/?#\n@]*(?:@[^\s/?#@]*)*(?=@\S)"
ADDRESS = rf"""(://[^\s/?#:"']*:)(?:{BEFORE_A_PATH}|{BEFORE_A_HOST})(?=@)"""

HEADER = rf"(authorization{END_OF_NAME}\s*[:=]\s*)(?:{IN_QUOTES}|.+)"
BEARER = r"(\bbearer\s+)[\w.~+/=-]+"
ASSIGNMENT = rf"((?:{NAME}{END_OF_NAME}\s*[:=]+>?\s*)+){VALUE}"
FLAG = rf"""((?<![\w-])--?[\w-]{{0,40}}?{NAME}(?:\\?["']\s*,\s*|\s+))(?!-){VALUE}"""
PAIR = (
    rf"""([(\[]\s*[bru]?\\?["'][^"'\n]{{0,40}}?{NAME}\\?["']\s*,\s*)"""
    rf"(?:{IN_QUOTES}|[^\s)\],]+)"
)
STATEMENT = rf"(passw\w{{0,40}}\s+){QUOTED}"
ACCESS_KEY = r"(\b)(?:AKIA|ASIA)[A-Z0-9]{16}\b"

HIDDEN = [
    *(
        re.compile(pattern, re.IGNORECASE | re.MULTILINE)
        for pattern in (ADDRESS, HEADER, BEARER, ASSIGNMENT, FLAG, PAIR, STATEMENT)
    ),
    re.compile(ACCESS_KEY),
]


def without_secrets(text: str) -> str:
    """Return the text with ``***`` for passwords and keys. The platform logs none, but a message of
    a library or a server may contain one."""
    for secret in HIDDEN:
        text = secret.sub(r"\1***", text)
    return text


def names_a_secret(name: str) -> bool:
    """Return True if a field of this name holds a secret."""
    return re.search(NAME, name, re.IGNORECASE) is not None
