"""Log events become lines for people, and no line contains a secret."""

import json

import pytest

from operations.log_lines import Line, read_line

AT = 1_700_000_000_000  # 11-14 22:13:20
LONG = "it's two words; hunter2"


def line(text: str, part: str = "poll") -> Line:
    return read_line(AT, part, text)


def test_line_of_powertools_shows_message_and_fields():
    text = json.dumps(
        {
            "level": "INFO",
            "location": "poll:96",
            "message": "batch committed",
            "timestamp": "2023-11-14 22:13:20,000+0000",
            "service": "ingestion",
            "name": "ingestion_lambda.poll",
            "cold_start": True,
            "function_name": "totesys-dev-ingestion",
            "function_memory_size": "1024",
            "correlation_id": "20231114T221320Z-1a2b3c",
            "seq": 7,
            "rows": {"staff": {"I": 0, "U": 2}, "address": {"I": 0}},
        }
    )
    assert str(line(text)) == (
        "11-14 22:13:20 poll        INFO     batch committed"
        "  seq=7  rows={staff: {U: 2}, address: {}}"
    )


def test_line_of_a_job_shows_the_same():
    text = json.dumps(
        {
            "time": "…",
            "level": "WARNING",
            "logger": "glue_jobs.load.transaction",
            "message": "m",
            "n": 1,
        }
    )
    assert str(line(text, "load")) == "11-14 22:13:20 load        WARNING  m  n=1"


def test_traceback_follows_its_message():
    text = '{"level": "ERROR", "message": "failed", "exception": "Traceback:\\n  File"}'
    assert str(line(text)).splitlines()[1:] == ["    Traceback:", "      File"]


def test_error_that_lambda_writes_as_text_keeps_its_level():
    result = line("[ERROR] MassDelete: 30 % of staff\nTraceback (most recent call last):\n  File")
    assert (result.level, result.message) == ("ERROR", "[ERROR] MassDelete: 30 % of staff")
    assert result.is_ours


def test_event_of_a_failed_job_names_the_job():
    detail = {"jobName": "load", "state": "FAILED", "severity": "ERROR", "message": "OtherLedger"}
    result = line(
        json.dumps({"detail-type": "Glue Job State Change", "detail": detail}), "failed job"
    )
    assert str(result).endswith("ERROR    OtherLedger  job=load  state=FAILED")


@pytest.mark.parametrize(
    "text",
    [
        "START RequestId: 1 Version: $LATEST",
        "END RequestId: 1",
        "INIT_START Runtime Version: python:3.13.v1",
        "REPORT RequestId: 1\tDuration: 812 ms\tBilled Duration: 813 ms",
        "23/11/14 22:13:20 INFO SparkContext: Running Spark version 3.5.6",
        "23/11/14 22:13:20 WARN NativeCodeLoader: Unable to load native-hadoop library",
        "To adjust logging level use sc.setLogLevel(newLevel).",
        '{"_aws": {"Timestamp": 1}, "Polls": 1}',
        '{"level": "INFO", "logger": "botocore.credentials", "message": "Found credentials"}',
        " ",
    ],
)
def test_routine_message_of_the_runtime_is_not_ours(text: str):
    assert not line(text).is_ours


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-14T22:13:20Z 1 Task timed out after 60.00 seconds",
        "REPORT RequestId: 1\tDuration: 60000 ms\tStatus: timeout",
        "23/11/14 22:13:20 ERROR TaskSetManager: Task 0 failed 4 times; aborting job",
        '{"level": "WARNING", "logger": "botocore.retries", "message": "retrying"}',
        "[WARNING] a message of the Lambda runtime",
        "Traceback (most recent call last):",
        "[1, 2]",
        '"text"',
        "a text that is long, with the word for a level only near its end, which is INFO",
    ],
)
def test_message_about_a_problem_is_ours(text: str):
    assert line(text).is_ours


@pytest.mark.parametrize(
    "text",
    [
        "cannot connect to postgresql://loader:hunter2@db.example.com:5432/warehouse",
        '{"level": "ERROR", "message": "m", "password": "hunter2"}',
        '{"level": "ERROR", "message": "m", "secret": {"PASSWORD": "hunter2"}}',
        '{"level": "ERROR", "message": "{\\"password\\": \\"hunter2\\", \\"port\\": 1}"}',
        json.dumps({"level": "ERROR", "message": "m", "password": LONG}),
        json.dumps({"level": "ERROR", "message": repr({"password": LONG})}),
        "it was " + json.dumps({"password": LONG}),
        "connection failed: password=hunter2 sslmode=require",
        "PGPASSWORD=hunter2 psql",
        '{"level": "ERROR", "message": "m", "db_password": {"is": "hunter2"}}',
        'AWS_SESSION_TOKEN: "hunter2"',
        '{"message": "m", "exception": "Traceback\\n  password=\'hunter2\'"}',
    ],
)
def test_secret_in_a_message_of_a_library_is_never_shown(text: str):
    text = str(line(text))
    assert "hunter" not in text
    assert "***" in text


def test_access_key_is_never_shown():
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    assert key not in str(line(f"refused {key}"))


@pytest.mark.parametrize(
    "text",
    [
        "The database secret must be a JSON object with host, port, username and password",
        "not authorized to perform: secretsmanager:GetSecretValue on resource:"
        " arn:aws:secretsmanager:eu-west-2:123456789012:secret:totesys-dev/source-AbCdEf",
        "PostgreSQL refuses loader@db.example.com:5432/warehouse",
    ],
)
def test_names_and_texts_about_secrets_stay(text: str):
    assert str(line(text)).endswith(text)
