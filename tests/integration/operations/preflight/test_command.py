"""The command: its lines at 80 columns, its JSON, its exit status, and the script for the owner."""

import io
import json
import re
from dataclasses import asdict

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda.source.functions import EVERYWHERE, WITH_WAL
from operations.cli import main
from operations.preflight.check import Finding, Result
from operations.preflight.rights import rights, script
from operations.preflight.screen import show_findings
from operations.preflight.target import from_variables
from postgres import Sql, connected, from_dsn, value
from tests.aurora import make_aurora
from tests.integration.operations.preflight.conftest import NAME, REGION, Account

LONG = (
    "The account has 100 unreserved executions and must keep 100, so 1 cannot be reserved. To fix:"
    " set `reserved_concurrency = null`, or request a higher quota of concurrent executions."
)


def variables(account: Account) -> str:
    """Return what `.ci/preflight` prints: Terraform's console writes JSON as a string."""
    network = account.target.network and asdict(account.target.network)
    names = {"project": "totesys", "environment": "dev", "region": REGION, "network": network}
    settings = {"workers": 2, "worker_type": "G.1X", "reserved_concurrency": 1}
    return json.dumps(json.dumps({**names, **settings}))


def run(account: Account, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(variables(account)))
    monkeypatch.setenv("COLUMNS", "80")
    return main(["preflight", *options])


def test_variables_of_terraform_describe_the_deployment(account: Account):
    target = from_variables(variables(account), None)
    assert target.network
    given = json.loads(json.loads(variables(account)))
    assert asdict(target.network) == given["network"]
    assert target.settings
    assert asdict(target.settings).items() <= given.items()
    assert target.deployment.name == NAME


def test_failed_check_makes_the_exit_status_1(
    connected_account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    assert run(connected_account, monkeypatch) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert re.search(r"^credentials +OK +account 123456789012, as ", shown, re.MULTILINE)
    assert re.search(
        r"^subnets +- +the function and the jobs run outside a VPC", shown, re.MULTILINE
    )
    assert re.search(r"\n\n28 checks: \d+ OK, 0 failed, \d+ not checked \(-\)\.\n$", shown)
    connected_account.put_secret("source", password="wrong")
    assert run(connected_account, monkeypatch, "--json") == 1
    failed = [f for f in json.loads(capsys.readouterr().out) if f["result"] == "FAILED"]
    assert {finding["check"] for finding in failed} == {
        "source server", "source rights", "source functions", "source tables", "source clock"
    }  # fmt: skip


def test_source_is_checked_before_its_secret_has_a_value(
    connected_account: Account,
    seeded_source_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    connected_account.client("secretsmanager").delete_secret(
        SecretId=f"{NAME}/source", ForceDeleteWithoutRecovery=True
    )
    monkeypatch.setenv("SOURCE_DSN", seeded_source_dsn)
    assert run(connected_account, monkeypatch, "--source", "env:SOURCE_DSN") == 0
    assert re.search(r"^source tables +OK", capsys.readouterr().out, re.MULTILINE)


def test_name_of_an_applied_deployment_shows_its_subnets(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for role in ("source", "warehouse-owner", "warehouse-loader"):
        account.put_secret(role, host="127.0.0.1", port=1)
    main(["preflight", "--name", NAME, "--region", REGION])
    shown = capsys.readouterr()
    assert re.search(r"^subnets +OK +2 in vpc-", shown.out, re.MULTILINE), shown


def test_findings_hold_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("COLUMNS", "80")
    show_findings([Finding("Lambda concurrency", Result.FAILED, LONG)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines[:-2]).split()) == f"Lambda concurrency FAILED {LONG}"


@pytest.mark.parametrize("is_aurora", [False, True])
def test_script_for_the_owner_reads_only_and_names_what_is_missing(
    seeded_source_dsn: str, is_aurora: bool
):
    """The script is what preflight asks, with the calls after it."""
    with connected(from_dsn(seeded_source_dsn), "owner") as source:
        if is_aurora:
            make_aurora(source)
        text = script(contracts.source(), "postgres")
        assert rights(contracts.source(), value("postgres")) in text
        assert results(source, text) == {"OK"}
        source.run("ALTER TABLE staff RENAME TO people")
        assert results(source, text) == {
            "OK", "the table does not exist: correct database or contract"
        }  # fmt: skip
        for statement in calls(text, "Every server", "Aurora" if is_aurora else "PostgreSQL"):
            source.run(statement)


def test_script_of_a_role_that_is_missing_says_so(seeded_source_dsn: str):
    with connected(from_dsn(seeded_source_dsn), "owner") as source:
        assert "CREATE ROLE ... LOGIN" in results(source, script(contracts.source(), "nobody'here"))


def test_script_names_every_function_that_a_poll_calls():
    text = script(contracts.source(), "platform")
    for signature in (*EVERYWHERE, *WITH_WAL):
        assert signature in text
        assert f"SELECT pg_catalog.{signature.partition('(')[0]}(" in text


def results(source: Connection, text: str) -> set[str]:
    """Return the results of the first statement of the script, in its transaction."""
    begin, query, rest = text.partition('SELECT "right"')
    assert begin.rstrip().endswith("BEGIN READ ONLY;")
    statement, commit, _ = (query + rest).partition(";\n\nCOMMIT;")
    assert commit
    source.run("BEGIN READ ONLY")
    try:
        return {result for _, result in source.run(Sql(statement))}
    finally:
        source.run("ROLLBACK")


def calls(text: str, *parts: str) -> list[Sql]:
    sections = re.split(r"^-- (?=Every|PostgreSQL,|Aurora:)", text, flags=re.MULTILINE)
    return [
        Sql(line)
        for section in sections
        if section.startswith(parts)
        for line in section.splitlines()
        if line.startswith("SELECT pg_catalog.")
    ]
