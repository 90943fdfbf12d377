"""A secret is hidden to its end; a text about secrets stays as it is."""

import json
import time

import pytest

from contracts.redaction import without_secrets
from operations.log_lines import read_line
from postgres import from_dsn

HIDDEN = [
    # addresses: to the last @ before the host, whatever comes before it
    ("at postgresql://u:hun@ter2@host:5432/db now", "at postgresql://u:***@host:5432/db now"),
    ("at postgresql://u:hun ter2@host/db now", "at postgresql://u:***@host/db now"),
    ("at postgresql://u:hun@ter2@host now", "at postgresql://u:***@host now"),
    ("at postgresql://u:hun ter2@host now", "at postgresql://u:***@host now"),
    ("at postgresql://u:h@un t@er2@host/db", "at postgresql://u:***@host/db"),
    ("at postgresql://u:5432 hunter2@host/db", "at postgresql://u:***@host/db"),
    ("at postgresql://u: hunter2@host/db", "at postgresql://u:***@host/db"),
    ("at postgresql://u@tenant:hunter2@host/db", "at postgresql://u@tenant:***@host/db"),
    ("'postgresql://u:hun\"t'er2@host/db'", "'postgresql://u:***@host/db'"),
    ("redis://:hunter2@host:6379/0", "redis://:***@host:6379/0"),
    ("postgresql://u:hunter@h/d, https://v:ter2@i", "postgresql://u:***@h/d, https://v:***@i"),
    # names and values
    ("password=hun,ter2 sslmode=require", "password=*** sslmode=require"),
    ("password={hun}ter2 x", "password=***"),
    ("password=b'hun ter2' port=1", "password=*** port=1"),
    ("password = B\"hun' ter2\", port=1", "password = ***, port=1"),
    ("password='hun''ter2' port=1", "password=*** port=1"),
    ("password=hun&ter2 port=1", "password=*** port=1"),
    ("password=hun'ter2 port=1", "password=*** port=1"),
    ("password=hun\\ter2 port=1", "password=*** port=1"),
    ("password='hun ter2, cut off", "password=***"),
    ("password => 'hunter2'", "password => ***"),
    ("token: secret: hunter2 x", "token: secret: *** x"),
    ("secret={password: hunter2}", "secret=***"),
    ("secret: {'user': 'u', 'password': 'hun}ter2'}", "secret: ***"),
    ("pass=hunter2 user=u", "pass=*** user=u"),
    ("db_pass: hunter2", "db_pass: ***"),
    ("passphrase=hunter2", "passphrase=***"),
    ("api_key: hunter2", "api_key: ***"),
    ("X-Api-Key: hunter2", "X-Api-Key: ***"),
    ("apikey=hunter2", "apikey=***"),
    ("fs.s3a.access.key=hunter2", "fs.s3a.access.key=***"),
    ("private_key='hun ter2'", "private_key=***"),
    ('{"password":"hun\\"ter2","port":1}', '{"password":***,"port":1}'),
    ('{\\"password\\": \\"hun ter2\\", \\"port\\": 1}', '{\\"password\\": ***, \\"port\\": 1}'),
    # pairs, flags and statements
    ('("password","hunter2")', '("password",***)'),
    ("[('user', 'u'), ('password', b'hun ter2')]", "[('user', 'u'), ('password', ***)]"),
    ("--password hunter2 --port 1", "--password *** --port 1"),
    ("--db-password=hunter2 --port 1", "--db-password=*** --port 1"),
    ("--password 'hun ter2' --port 1", "--password *** --port 1"),
    ("['psql', '--password', 'hunter2', 'x']", "['psql', '--password', ***, 'x']"),
    ("--api-key hunter2", "--api-key ***"),
    ("alter role u password 'hunter2' login", "alter role u password *** login"),
    # headers
    ("Authorization: Bearer hun.ter2", "Authorization: ***"),
    ("{'Authorization': 'Basic hunter2==', 'Host': 'h'}", "{'Authorization': ***, 'Host': 'h'}"),
    ("sent bearer hun-ter2/== to host", "sent bearer *** to host"),
]  # fmt: skip

HARMLESS = [
    "arn:aws:secretsmanager:eu-west-2:123456789012:secret:totesys-dev/source-AbCdEf",
    "secretsmanager:GetSecretValue on arn:aws:iam::123456789012:role/totesys-dev-poll",
    "arn:aws:sts::123456789012:assumed-role/poll/ops@example.com asks secretsmanager",
    "s3://totesys-dev-ingestion/totesys/staff/date=2024-11-15/7.parquet",
    "s3://bucket: access is denied, ask ops@example.com",
    "s3a://bucket/key:with@signs/and more@example.com",
    "ops@example.com, or sender=first.last+tag@mail.example.com",
    "2024-11-15T09:30:00.123Z to 2024-11-15 09:30:00,123+00:00",
    "passed 3 tests; 2 passes, bypass=1 passed: 3 compass=n",
    "http://localhost:8080 is up, and so is a@b.example.com",
    '{"endpoint": "http://localhost:4566", "to": "ops@example.com"}',
    "https://example.com:443/path?seq=7&table=staff",
    "postgresql://loader@db.example.com:5432/warehouse",
    "PostgreSQL refuses loader@db.example.com:5432/warehouse",
    "the password, the token and the secret are not shown",
    "aws secretsmanager put-secret-value --secret-id totesys-dev/source --secret-string file://x",
    "--password-file /run/secrets/db --port 1",
    "batch committed  seq=7  rows={staff: {U: 2}}  key=totesys/staff/7.parquet  primary_key=3",
    "An error occurred (InvalidAccessKeyId): The AWS Access Key Id you provided does not exist",
    "no authorization for this; basic author of news",
]


@pytest.mark.parametrize(("text", "shown"), HIDDEN)
def test_secret_is_hidden_to_its_end_and_the_text_around_it_stays(text: str, shown: str):
    assert without_secrets(text) == shown
    assert without_secrets(shown) == shown
    line = str(read_line(1_700_000_000_000, "poll", text))
    assert "hun" not in line
    assert "ter2" not in line


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays(text: str):
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "password", ["hun@ter2", "hun ter2", "hun:ter2", "@h@un", " hun", "'hun\""]
)
def test_every_password_that_an_address_accepts_is_hidden(password: str):
    dsn = f"postgresql://loader:{password}@db.example.com:5432/warehouse"
    assert from_dsn(dsn).password == password
    text = without_secrets(f"cannot connect to {dsn} (timeout)")
    assert (
        text == "cannot connect to postgresql://loader:***@db.example.com:5432/warehouse (timeout)"
    )


@pytest.mark.parametrize("name", ["db_pass", "API-Key", "apiKey", "Authorization", "accessKey"])
def test_field_with_the_name_of_a_secret_is_hidden(name: str):
    text = json.dumps({"level": "INFO", "message": "m", name: "hunter2 and more"})
    assert str(read_line(0, "poll", text)).endswith(f"m  {name}=***")


@pytest.mark.parametrize(
    "text", ["://a:@" * 10_000, "password" * 10_000, "--pass-" * 10_000, "(" * 50_000]
)
def test_long_line_takes_less_than_two_seconds_of_a_processor(text: str):
    start = time.process_time()
    without_secrets(text)
    assert time.process_time() - start < 2
