"""The AWS CLI from PyPI, in an environment of its own, asks the emulator for the bill."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from emulator.billing.asking import DAY_S, period
from emulator.billing.test_cloudwatch import midnight, query
from emulator.billing.test_cost_explorer import INPUT, OUTPUT, call, usd
from emulator.support import KEY, SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.billing.asking import Asking

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aws-cli")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "awscli"]
    subprocess.run(pip, check=True)
    return folder / "bin/aws"


def ask(aws: Asking, program: Path, *words: str) -> Any:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.emulator.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(
        [str(program), *words, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_costs_and_metrics_and_tags(aws: Asking, program: Path) -> None:
    used = call(aws, aws.emulator.project(team="search"))
    aws.forward(2 * DAY_S)
    days = period(aws.today())
    costs = ask(
        *(aws, program, "ce", "get-cost-and-usage", "--granularity", "DAILY"),
        *("--time-period", f"Start={days['Start']},End={days['End']}"),
        *("--metrics", "UnblendedCost", "--group-by", "Type=DIMENSION,Key=USAGE_TYPE"),
    )
    assert {
        group["Keys"][0]: group["Metrics"]["UnblendedCost"]["Amount"]
        for result in costs["ResultsByTime"]
        for group in result["Groups"]
    } == {
        INPUT: usd(used["input_tokens"], "0.07"),
        OUTPUT: usd(used["output_tokens"], "0.30"),
    }
    data = ask(
        *(aws, program, "cloudwatch", "get-metric-data"),
        *("--metric-data-queries", json.dumps([query("Inferences")])),
        *("--start-time", midnight(aws.today() - dt.timedelta(days=3)).isoformat()),
        *("--end-time", midnight(aws.today() + dt.timedelta(days=1)).isoformat()),
    )
    assert [each["Values"] for each in data["MetricDataResults"]] == [[1.0]]
    assert ask(aws, program, "cloudwatch", "list-metrics", "--namespace", "AWS/BedrockMantle")
    tags = ask(aws, program, "ce", "list-cost-allocation-tags")
    assert [each["TagKey"] for each in tags["CostAllocationTags"]] == ["team"]
    condition = f"Type=TERM_MATCH,Field=usagetype,Value={INPUT}"
    asked = ("pricing", "get-products", "--service-code", "AmazonBedrock", "--filters", condition)
    assert len(ask(aws, program, *asked)["PriceList"]) == 1
