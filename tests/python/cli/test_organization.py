"""A payer with three linked accounts, asked by the tools of billing as each of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import costmark
from cli.billing import DAY_S, OSS, Billed, billed, use_credentials
from costmark.cli.main import main
from costmark.prices import PriceBook
from harness import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

boto3: Any = pytest.importorskip("boto3")
pytest.importorskip("duckdb")

PAYER = "111122223333"
LINKED = ["222233334444", "333344445555", "444455556666"]
NOVA = "amazon.nova-lite-v1:0"
TEAMS = ["search", "checkout", "ads"]
KEYS = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY}
VIEW = f"arn:aws:billing::{PAYER}:billingview/custom-shared"
PAYERS_ROLE = f"arn:aws:iam::{PAYER}:role/billing"
COLUMNS = (
    *("bill_payer_account_id", "line_item_currency_code", "line_item_line_item_type"),
    *("line_item_operation", "line_item_product_code", "line_item_unblended_cost"),
    *("line_item_usage_account_id", "line_item_usage_amount", "line_item_usage_start_date"),
    *("line_item_usage_type", "pricing_unit", "product", "product_region_code", "tags"),
)


def role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/workload"


def credentials_in(aws: Billed, account: str) -> dict[str, str]:
    sts = boto3.client("sts", region_name=REGION, endpoint_url=aws.url, **KEYS)
    given = sts.assume_role(RoleArn=role(account), RoleSessionName="app")["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def converse(aws: Billed, account: str, project: str, team: str, ledger: Path) -> None:
    client = boto3.client(
        "bedrock-runtime", region_name=REGION, endpoint_url=aws.url, **credentials_in(aws, account)
    )
    tags = f"{project}: costmark_project={team}"
    runtime = costmark.wrap(client, project=project, tags=tags, ledger=str(ledger))
    runtime.converse(
        modelId=NOVA, messages=[{"role": "user", "content": [{"text": "Hello, world!"}]}]
    )


class Organization:
    def __init__(self, aws: Billed, folder: Path) -> None:
        self.aws = aws
        self.folder = folder
        self.day = aws.today()
        self.ce = boto3.client("ce", region_name="us-east-1", endpoint_url=aws.url, **KEYS)

    def charge(self, record_type: str, usd: str, day: dt.date, **more: Any) -> None:
        body = {"record_type": record_type, "usd": usd, "day": str(day), "model": OSS, **more}
        self.aws.emulator.fetch("/_emulator/charges", body)

    def costs(self, capsys: pytest.CaptureFixture[str], by: str, *more: str, days: int = 1) -> Any:
        return self.told(capsys, "costs", "--by", by, "--no-cache", *more, days=days)

    def told(self, capsys: pytest.CaptureFixture[str], *command: str, days: int = 1) -> Any:
        capsys.readouterr()
        until = self.day + dt.timedelta(days=days)
        period = ("--since", str(self.day), "--until", str(until), "--format", "json")
        assert main([*command, *period, *self.aws.asked]) == 0
        return json.loads(capsys.readouterr().out)

    def export(self) -> Path:
        """The folder of an export of the bill as it is."""
        client = boto3.client(
            "bcm-data-exports", region_name="us-east-1", endpoint_url=self.aws.url, **KEYS
        )
        query = f"SELECT {', '.join(COLUMNS)} FROM COST_AND_USAGE_REPORT"
        output = {"OutputType": "CUSTOM", "Format": "PARQUET", "Compression": "PARQUET"}
        place = {"S3Bucket": "bucket", "S3Prefix": "p", "S3Region": "us-east-1"}
        written = {**output, "Overwrite": "OVERWRITE_REPORT"}
        client.create_export(
            Export={
                "Name": "bill",
                "DataQuery": {"QueryStatement": query},
                "DestinationConfigurations": {
                    "S3Destination": {**place, "S3OutputConfigurations": written}
                },
                "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
            }
        )
        self.aws.emulator.fetch("/_emulator/exports", method="POST")
        return self.folder / "exports/bucket/p/bill"


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organization]:
    """Each linked account has used a project of a team; half of it is credited, and taxed."""
    folder = tmp_path_factory.mktemp("organization")
    exports = folder / "exports"
    options = [word for account in LINKED for word in ("--linked-account", account)]
    with billed(*options, "--hourly", "--exports", str(exports)) as aws:
        found = Organization(aws, folder)
        for account, team in zip(LINKED, TEAMS, strict=True):
            project = aws.project(team, team=team, costmark_project=team)
            converse(aws, account, project, team, folder / "ledger")
        found.charge("Credit", "-0.000003", found.day, account=LINKED[0])
        found.charge("Tax", "0.0000019", found.day)
        aws.forward(DAY_S)
        keys = ("team", "costmark_project")
        entries = [{"TagKey": key, "Status": "Active"} for key in keys]
        found.ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=entries)
        aws.forward(DAY_S)
        found.ce.start_cost_allocation_tag_backfill(BackfillFrom=f"{found.day:%Y-%m}-01T00:00:00Z")
        aws.forward(DAY_S)
        book = [PriceBook.shipped().canonical]
        for kind, pico in (("input", 60_000), ("output", 240_000)):
            line = (
                f"{NOVA} {REGION} in-region standard {kind} - - token - - USD {pico} 2026-11 test"
            )
            book.append(line)
        (folder / "book.txt").write_text("\n".join([*book, ""]))
        yield found


@pytest.fixture(autouse=True)
def _as_the_payer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_credentials(monkeypatch)
    monkeypatch.chdir(tmp_path)


def use_linked(aws: Billed, monkeypatch: pytest.MonkeyPatch, account: str) -> None:
    for name, value in credentials_in(aws, account).items():
        monkeypatch.setenv(name.upper(), value)


def spent(found: Any) -> set[str | None]:
    return {line["key"] for line in found["lines"]}


def test_the_payer_sees_every_account_and_what_is_no_usage(
    organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    found = organization.costs(capsys, "tag:team")
    assert spent(found) == set(TEAMS)
    assert found["other_usd"] == {"credits": "-0.000003", "tax": "0.0000019"}
    one = organization.costs(capsys, "tag:team", "--account", LINKED[1])
    assert spent(one) == {TEAMS[1]}
    assert one["other_usd"] == {}


def test_groups_and_filters_by_account(organization: Organization) -> None:
    end = organization.day + dt.timedelta(days=1)
    found = organization.ce.get_cost_and_usage(
        TimePeriod={"Start": str(organization.day), "End": str(end)},
        Granularity="DAILY",
        Metrics=["UnblendedCost"],
        GroupBy=[
            {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
            {"Type": "DIMENSION", "Key": "RECORD_TYPE"},
        ],
    )
    keys = [group["Keys"] for group in found["ResultsByTime"][0]["Groups"]]
    usage = [[account, "Usage"] for account in LINKED]
    assert keys == sorted([*usage, [LINKED[0], "Credit"], [PAYER, "Tax"]])
    assert [each["Value"] for each in found["DimensionValueAttributes"]] == [PAYER, *LINKED]


def test_hours(organization: Organization) -> None:
    day = organization.day
    found = organization.ce.get_cost_and_usage(
        TimePeriod={"Start": f"{day}T00:00:00Z", "End": f"{day}T23:00:00Z"},
        Granularity="HOURLY",
        Metrics=["UnblendedCost"],
    )
    assert len(found["ResultsByTime"]) == 23
    assert found["ResultsByTime"][0]["TimePeriod"]["End"] == f"{day}T01:00:00Z"
    early = day - dt.timedelta(days=15)
    with pytest.raises(organization.ce.exceptions.ClientError, match="kept for 14 days"):
        organization.ce.get_cost_and_usage(
            TimePeriod={"Start": f"{early}T00:00:00Z", "End": f"{day}T00:00:00Z"},
            Granularity="HOURLY",
            Metrics=["UnblendedCost"],
        )


@pytest.mark.parametrize("part", ["status", "activate", "wait", "backfill"])
def test_a_linked_account_is_told_that_the_payer_has_to_do_it(
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    part: str,
) -> None:
    """No policy helps, so none is offered."""
    use_linked(organization.aws, monkeypatch, LINKED[0])
    more = ("--since", f"{organization.day:%Y-%m}", "--yes") if part == "backfill" else ()
    assert main(["tags", part, *more, *organization.aws.asked]) == 1
    error = capsys.readouterr().err
    assert "--billing-role-arn ARN" in error
    assert "put-role-policy" not in error
    command = {"activate": "update-cost-allocation-tags", "backfill": "start-cost-allocation-tag"}
    assert f"aws ce {command.get(part, '')}" in error or part not in command


def test_a_linked_account_with_a_role_of_the_payer(
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use_linked(organization.aws, monkeypatch, LINKED[0])
    asked = (*organization.aws.asked, "--billing-role-arn", PAYERS_ROLE)
    assert main(["tags", "status", "--key", "team", "--exit-code", *asked]) == 0
    assert spent(organization.costs(capsys, "tag:team")) == {TEAMS[0]}
    for option in (("--billing-role-arn", PAYERS_ROLE), ("--billing-view-arn", VIEW)):
        assert spent(organization.costs(capsys, "tag:team", *option)) == set(TEAMS)


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A profile of the payer's."""
    text = "".join(f"{name} = {value}\n" for name, value in KEYS.items())
    (tmp_path / "credentials").write_text(f"[payer]\n{text}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return "payer"


def commands(organization: Organization) -> dict[str, tuple[str, ...]]:
    """Every command that asks about the bill."""
    ledger = ("--ledger", str(organization.folder / "ledger"))
    book = ("--prices", str(organization.folder / "book.txt"))
    until = str(organization.day + dt.timedelta(days=1))
    period = ("--since", str(organization.day), "--until", until)
    reconciling = ("reconcile", "--against", "cost-explorer", *ledger, *book, *period)
    return {
        "costs": ("costs", "--by", "tag:team", "--no-cache", *period),
        "reconcile": (*reconciling, "--exit-code", "--tolerance", "0"),
        "tags status": ("tags", "status", "--key", "team", "--exit-code"),
        "tags activate": ("tags", "activate", "--key", "team"),
        "tags wait": ("tags", "wait", "--key", "team", "--timeout", "1s"),
        "doctor": ("doctor", "--billing", "--key", "team"),
    }


@pytest.mark.parametrize(
    "option", ["--billing-profile", "--billing-role-arn", "--billing-view-arn"]
)
@pytest.mark.parametrize(
    "name", ["costs", "reconcile", "tags status", "tags activate", "tags wait", "doctor"]
)
def test_every_command_as_every_identity(
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    profile: str,
    name: str,
    option: str,
) -> None:
    """From a linked account, which alone has not even half of it."""
    use_linked(organization.aws, monkeypatch, LINKED[0])
    given = {
        "--billing-profile": profile,
        "--billing-role-arn": PAYERS_ROLE,
        "--billing-view-arn": VIEW,
    }
    command = (*commands(organization)[name], *organization.aws.asked, option, given[option])
    if option == "--billing-view-arn" and name not in ("costs", "reconcile"):
        with pytest.raises(SystemExit):
            main([*command])
        assert "a billing view serves costs, and no tags" in capsys.readouterr().err
        return
    status = main([*command])
    out = capsys.readouterr().out
    if name == "doctor":  # of which the rest is not set up here
        assert "team is on the bill" in out
        return
    assert status == 0
    told = {"costs": "checkout", "reconcile": "Ledger and bill", "tags status": "on the bill"}
    assert told.get(name, "") in out


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("costs", "ce:GetCostAndUsage"),
        ("reconcile", "ce:GetDimensionValues"),
        ("tags status", "ce:ListCostAllocationTags"),
        ("tags activate", "ce:UpdateCostAllocationTagsStatus"),
        ("tags wait", "ce:ListCostAllocationTags"),
    ],
)
def test_who_lacks_rights_gets_the_command(
    organization: Organization, capsys: pytest.CaptureFixture[str], name: str, action: str
) -> None:
    denied = {"status": 400, "code": "AccessDeniedException", "message": "not authorized"}
    command = (*commands(organization)[name], *organization.aws.asked)
    for option in ((), ("--billing-role-arn", PAYERS_ROLE)):
        organization.aws.emulator.fault("status", api=operation_of(name), **denied)
        assert main([*command, *option]) == 1
        error = capsys.readouterr().err
        whose = "put-role-policy --role-name billing" if option else "put-user-policy --user-name"
        assert whose in error
        assert action in error


def operation_of(name: str) -> str:
    if name in ("costs", "reconcile"):
        return "GetDimensionValues"
    return "UpdateCostAllocationTagsStatus" if "activate" in name else "ListCostAllocationTags"


def test_a_view_needs_a_right_of_its_own(
    organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = {"status": 400, "code": "AccessDeniedException", "message": "not authorized"}
    organization.aws.emulator.fault("status", api="GetDimensionValues", **denied)
    command = (*commands(organization)["costs"], *organization.aws.asked)
    assert main([*command, "--billing-view-arn", VIEW]) == 1
    assert "billing:GetBillingViewData" in capsys.readouterr().err


@pytest.mark.parametrize("against", ["cost-explorer", "cur"])
def test_ledger_and_bill_of_all_accounts_agree(
    organization: Organization, capsys: pytest.CaptureFixture[str], against: str
) -> None:
    """Credits and taxes are bars of their own."""
    folder = organization.folder
    bill = f"cur:{organization.export()}" if against == "cur" else against
    given = ("--ledger", str(folder / "ledger"), "--prices", str(folder / "book.txt"))
    found = organization.told(capsys, "reconcile", "--against", bill, *given)
    assert [each["name"] for each in found["causes"] if each["name"] != "rounding"] == []
    assert found["residual"]["absolute"]["pico"] == "0"
    other = {name: amount["usd"] for name, amount in found["bars"].items()}
    assert other == {"credits": "-0.000003", "tax": "0.0000019"}


def test_a_refund_of_a_later_period_stays_out_of_this_one(
    organization: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    organization.charge("Refund", "-1.25", organization.day + dt.timedelta(days=1))
    assert "refunds" not in organization.costs(capsys, "tag:team")["other_usd"]
    found = organization.costs(capsys, "tag:team", days=2)["other_usd"]
    assert found["refunds"] == "-1.25"


def test_a_role_that_may_not_be_assumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rights of who asks are missing, not those of the role."""
    policy = tmp_path / "policy.json"
    statement = {"Effect": "Allow", "Action": "ce:*", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with billed("--policy", str(policy)) as aws:
        asked = (*aws.asked, "--billing-role-arn", PAYERS_ROLE)
        for command in (
            ["tags", "status"],
            ["costs", "--by", "day", "--since", str(aws.today() - dt.timedelta(days=1))],
        ):
            assert main([*command, *asked]) == 1
            error = capsys.readouterr().err
            assert "put-user-policy --user-name emulator" in error
            assert '"sts:AssumeRole"' in error
            assert PAYERS_ROLE in error
            assert "The trust policy of the role" in error


@pytest.mark.parametrize(
    "wrong",
    [
        {"record_type": "Usage"},
        {"usd": "much"},
        {"day": "today"},
        {"account": "999999999999"},
        {"model": "nobody.knows"},
        {"amount": "1"},
    ],
)
def test_lines_that_cannot_be_added(organization: Organization, wrong: dict[str, str]) -> None:
    from urllib.error import HTTPError

    body = {"record_type": "Credit", "usd": "-1", "day": "2026-11-01", "model": OSS, **wrong}
    with pytest.raises(HTTPError, match="400"):
        organization.aws.emulator.fetch("/_emulator/charges", body)
