"""An invalid contract is refused. The message names the file, the key and the nearest name."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import contracts
from contracts import ContractError

pytestmark = pytest.mark.lambda_runtime

ROOT = Path(__file__).parents[3]
Edit = Callable[[str, str, str], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's contracts that a test may edit."""
    shutil.copytree(ROOT / "totesys" / "contracts", tmp_path / "totesys" / "contracts")
    return tmp_path / "totesys"


@pytest.fixture
def edit(project: Path) -> Edit:
    def replace(name: str, old: str, new: str) -> None:
        path = project / "contracts" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return replace


def test_unchanged_copy_is_valid(project: Path):
    assert contracts.source(project) == contracts.source()
    assert contracts.warehouse(project) == contracts.warehouse()


FACT, DIMENSION, CALENDAR = (
    f"warehouse/{name}.toml" for name in ("fact_sales_order", "dim_counterparty", "dim_date")
)
STAFF, PAYMENT = "source/staff.toml", "source/payment.toml"

INVALID = {
    "misspelt references": (
        FACT, 'references = "dim_staff"', 'refrences = "dim_staff"',
        ["column sales_staff_id", "'refrences' is unknown", "did you mean 'references'?"],
    ),
    "misspelt personal": (
        STAFF, "personal = true", "personel = true",
        ["column first_name", "'personel' is unknown", "did you mean 'personal'?"],
    ),
    "misspelt from": (
        FACT, 'from = "staff_id"', 'form = "staff_id"',
        ["column sales_staff_id", "'form' is unknown", "did you mean 'from'?"],
    ),
    "misspelt translate": (
        "warehouse/dim_currency.toml", "translate", "translated",
        ["column currency_name", "'translated' is unknown", "did you mean 'translate'?"],
    ),
    "personal column of the warehouse": (
        FACT, 'about = "The order."', 'personal = true, about = "The order."',
        ["column sales_order_id", "'personal' is unknown"],
    ),
    "reference of a dimension": (
        DIMENSION, 'about = "Counterparty."', 'references = "dim_date", about = "Counterparty."',
        ["column counterparty_id", "'references' is unknown"],
    ),
    "unknown key of a source table": (
        STAFF, "key =", 'shema = "public"\nkey =',
        ["'shema' is unknown", "valid are: about, columns, key"],
    ),
    "unknown key of a fact": (
        FACT, "star =", "stars =", ["'stars' is unknown", "did you mean 'star'?"],
    ),
    "unknown key of a dimension": (
        "warehouse/dim_transaction.toml", "incremental", "incremantal",
        ["'incremantal' is unknown", "did you mean 'incremental'?"],
    ),
    "unknown key of a calendar": (
        CALENDAR, "last =", "latest =", ["'latest' is unknown", "did you mean 'last'?"],
    ),
    "unknown key of the source": (
        "source/source.toml", "schema =", "scheme =",
        ["'scheme' is unknown", "did you mean 'schema'?"],
    ),
    "unknown time zone": (
        "source/source.toml", '"UTC"', '"Europe/Londn"',
        ["timezone names 'Europe/Londn'", "did you mean 'Europe/London'?"],
    ),
    "time zone that is a path": (
        "source/source.toml", '"UTC"', '"../UTC"', ["timezone names '../UTC'", "does not exist"],
    ),
    "no time zone": ("source/source.toml", '"UTC"', '""', ["timezone names ''"]),
    "unknown column of creation": (
        "source/source.toml", '"created_at"', '"craeted_at"',
        ["created names 'craeted_at'", "did you mean 'created_at'?"],
    ),
    "unknown table kind": (FACT, '"fact"', '"fakt"', ["kind is 'fakt'", "did you mean 'fact'?"]),
    "no table kind": (FACT, 'kind = "fact"\n', "", ["kind is ''", "calendar, dimension, fact"]),
    "unknown type": (
        STAFF, 'type = "text"', 'type = "txt"',
        ["column first_name", "'txt' is unknown", "did you mean 'text'?"],
    ),
    "type without a near name": (
        STAFF, 'type = "text"', 'type = "uuid"',
        ["'uuid' is unknown", "valid are: bigint, boolean"],
    ),
    "numeric without digits": (
        PAYMENT, "numeric(10,2)", "numeric", ["'numeric' is unknown", "numeric(10,2)"],
    ),
    "boolean in quotes": (
        STAFF, "personal = true", 'personal = "true"', ["column first_name", "`bool`", "personal"],
    ),
    "number instead of a text": (FACT, 'star = "Sales"', "star = 1", ["`str`", "$.star"]),
    "text instead of a day": (CALENDAR, "1990-01-01", '"first"', ["$.first"]),
    "column that is not a table": (
        STAFF, 'staff_id      = { type = "int", about = "Primary key." }', 'staff_id = "int"',
        ["`object`", "$.columns"],
    ),
    "no description": (FACT, 'about = "Every version of every sales order."', "", ["`about`"]),
    "no TOML": (FACT, "[columns]", "[columns", ["is not a TOML document"]),
    "unknown source table": (
        FACT, 'of = "sales_order"', 'of = "sales_orders"',
        ["of names 'sales_orders'", "did you mean 'sales_order'?"],
    ),
    "unknown source column": (
        FACT, 'from = "staff_id"', 'from = "staf_id"',
        ["columns.sales_staff_id.from names 'staf_id'", "did you mean 'staff_id'?"],
    ),
    "column of the fact that the source does not have": (
        FACT, "units_sold ", "unit_sold ", ["'unit_sold'", "did you mean 'units_sold'?"],
    ),
    "unknown dimension": (
        FACT, 'references = "dim_staff"', 'references = "dim_staf"',
        ["columns.sales_staff_id.references names 'dim_staf'", "did you mean 'dim_staff'?"],
    ),
    "fact as a dimension": (
        FACT, 'references = "dim_staff"', 'references = "fact_payment"',
        ["columns.sales_staff_id.references names 'fact_payment'"],
    ),
    "unknown key column": (
        FACT, 'key = "sales_order_id"', 'key = "sales_order"',
        ["key names 'sales_order'", "did you mean 'sales_order_id'?"],
    ),
    "unknown key column of the source": (
        STAFF, 'key = "staff_id"', 'key = "staf_id"', ["did you mean 'staff_id'?"],
    ),
    "unknown looked-up table": (
        DIMENSION, 'address = "legal', 'adress = "legal',
        ["lookups names 'adress'", "did you mean 'address'?"],
    ),
    "unknown column of a lookup": (
        DIMENSION, '"legal_address_id"', '"legal_adress_id"',
        ["lookups.address names 'legal_adress_id'", "did you mean 'legal_address_id'?"],
    ),
    "column of a lookup that is not declared": (
        DIMENSION, "address.city", "adress.city",
        ["columns.counterparty_legal_city.from names 'adress'", "did you mean 'address'?"],
    ),
    "unknown column of a looked-up table": (
        DIMENSION, "address.city", "address.town", ["names 'town'", "valid are: address_id"],
    ),
    "lookup of a fact": (
        FACT, 'from = "staff_id"', 'from = "staff.first_name"', ["names 'staff'", "there are none"],
    ),
    "unknown reference list": (
        "warehouse/dim_currency.toml", '"iso_4217"', '"iso_4271"',
        ["translate names 'iso_4271'", "did you mean 'iso_4217'?"],
    ),
    "fact without a creation date": (
        FACT, "created_date  ", "creation_date ", ["needs the columns", "created_date"],
    ),
    "lookup of an incremental dimension": (
        DIMENSION, "[lookups]", "incremental = true\n[lookups]", ["cannot have lookups"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "words"), INVALID.values(), ids=INVALID.keys())
def test_invalid_contract_is_refused(
    project: Path, edit: Edit, file: str, old: str, new: str, words: list[str]
):
    edit(file, old, new)
    with pytest.raises(ContractError) as refusal:
        contracts.warehouse(project)
    assert refusal.value.exit_code == 2
    assert [word for word in [file, *words, "To fix:"] if word not in str(refusal.value)] == []


def test_missing_source_document_is_refused(project: Path):
    (project / "contracts" / "source" / "source.toml").unlink()
    with pytest.raises(ContractError, match=r"source\.toml does not exist"):
        contracts.source(project)


def test_reference_list_with_another_header_is_refused(project: Path):
    (project / "contracts" / "reference" / "colours.csv").write_text("id,name\n1,red\n")
    with pytest.raises(ContractError, match=r"colours\.csv: the header is not 'code,name'"):
        contracts.reference("colours", project)


def test_command_with_an_invalid_contract_exits_with_2_before_it_connects(
    tmp_path: Path, project: Path, edit: Edit
):
    for file in (ROOT / "totesys").rglob("*"):
        if file.is_file() and "contracts" not in file.parts and "__pycache__" not in file.parts:
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    edit(FACT, 'references = "dim_staff"', 'refrences = "dim_staff"')
    unreachable = "postgresql://user@127.0.0.1:1/warehouse"
    command = [sys.executable, "-m", "embedded", "migrate", "--warehouse", unreachable]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "fact_sales_order.toml, column sales_staff_id" in done.stderr
    assert "did you mean 'references'?" in done.stderr
    assert "Traceback" not in done.stderr
