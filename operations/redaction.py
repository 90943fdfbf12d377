"""Hide in a text what looks like a secret: where its end is in doubt more is hidden, never less."""

import re

# A word that names a secret; neither the service nor the ARN of one, nor the id of a key.
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
VALUE = rf"(?:{IN_QUOTES}|[{{\[(].*|\S+)"  # what begins with a bracket may hold names and values

# A password in an address may hold anything but / ? #, and ends with the last @ before the host.
# Where no path follows the host, a port and a mail address further on in the line are none.
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
    """The text, with ``***`` for what looks like a password or a key. Our parts log none; what a
    library or a server says is not ours."""
    for secret in HIDDEN:
        text = secret.sub(r"\1***", text)
    return text


def names_a_secret(name: str) -> bool:
    """Whether a field of this name holds what nobody should see."""
    return re.search(NAME, name, re.IGNORECASE) is not None
