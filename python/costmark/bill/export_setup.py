"""What a data export for costmark is made of: its definition, its bucket's policy, its table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CUR: Mapping[str, str] = {
    "bill_billing_period_start_date": "timestamp",
    "bill_invoice_id": "string",
    "bill_payer_account_id": "string",
    "line_item_currency_code": "string",
    "line_item_line_item_type": "string",
    "line_item_operation": "string",
    "line_item_product_code": "string",
    "line_item_unblended_cost": "double",
    "line_item_usage_account_id": "string",
    "line_item_usage_amount": "double",
    "line_item_usage_start_date": "timestamp",
    "line_item_usage_type": "string",
    "pricing_unit": "string",
    "product": "map<string,string>",
    "product_region_code": "string",
    "tags": "map<string,string>",
}
_FOCUS: Mapping[str, str] = {
    "BilledCost": "double",
    "BillingCurrency": "string",
    "BillingPeriodStart": "timestamp",
    "ChargeCategory": "string",
    "ChargePeriodStart": "timestamp",
    "EffectiveCost": "double",
    "PricingQuantity": "double",
    "PricingUnit": "string",
    "RegionId": "string",
    "ServiceName": "string",
    "SubAccountId": "string",
    "Tags": "map<string,string>",
    "x_Operation": "string",
    "x_ServiceCode": "string",
}
TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cur": ("COST_AND_USAGE_REPORT", _CUR),
    "focus-1.0": ("FOCUS_1_0_AWS", {**_FOCUS, "x_UsageType": "string"}),
    "focus-1.2": ("FOCUS_1_2_AWS", _FOCUS),
}


@dataclass(frozen=True)
class Setup:
    """One export, and where it goes."""

    name: str
    bucket: str
    prefix: str
    region: str
    account: str
    table: str = "cur"

    def definition(self) -> dict[str, Any]:
        """For `aws bcm-data-exports create-export`. There is no `SELECT *`: columns are named."""
        name, columns = TABLES[self.table]
        query = f"SELECT {', '.join(columns)} FROM {name}"  # noqa: S608 - our own names
        configured = {name: {"TIME_GRANULARITY": "DAILY"}} if self.table == "cur" else {}
        return {
            "Export": {
                "Name": self.name,
                "Description": "Cost and usage of Bedrock, for costmark",
                "DataQuery": {
                    "QueryStatement": query,
                    **({"TableConfigurations": configured} if configured else {}),
                },
                "DestinationConfigurations": {
                    "S3Destination": {
                        "S3Bucket": self.bucket,
                        "S3Prefix": self.prefix,
                        "S3Region": self.region,
                        "S3OutputConfigurations": {
                            "OutputType": "CUSTOM",
                            "Format": "PARQUET",
                            "Compression": "PARQUET",
                            "Overwrite": "OVERWRITE_REPORT",
                        },
                    }
                },
                "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
            }
        }

    def policy(self) -> dict[str, Any]:
        """What the bucket must allow AWS."""
        source = {
            "aws:SourceAccount": self.account,
            "aws:SourceArn": [
                f"arn:aws:bcm-data-exports:us-east-1:{self.account}:export/*",
                f"arn:aws:cur:us-east-1:{self.account}:definition/*",
            ],
        }
        principals = ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": principals},
            "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
            "Resource": [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"],
            "Condition": {"StringLike": source},
        }
        return {"Version": "2012-10-17", "Statement": [statement]}

    def ddl(self) -> str:
        """The table of Athena over the files, a partition for each month."""
        _, columns = TABLES[self.table]
        place = f"s3://{self.bucket}/{self.prefix}/{self.name}/data"
        listed = ",\n".join(f"  `{name.lower()}` {kind}" for name, kind in columns.items())
        properties = {
            "projection.enabled": "true",
            "projection.billing_period.type": "date",
            "projection.billing_period.format": "yyyy-MM",
            "projection.billing_period.interval": "1",
            "projection.billing_period.interval.unit": "MONTHS",
            "projection.billing_period.range": "2026-01,NOW",
            "storage.location.template": f"{place}/BILLING_PERIOD=${{billing_period}}",
        }
        told = ",\n".join(f"  '{name}' = '{value}'" for name, value in properties.items())
        return (
            f"CREATE EXTERNAL TABLE `{self.name.replace('-', '_')}` (\n{listed}\n)\n"
            "PARTITIONED BY (`billing_period` string)\nSTORED AS PARQUET\n"
            f"LOCATION '{place}/'\nTBLPROPERTIES (\n{told}\n);\n"
        )

    def everything(self) -> str:
        """All three, and the commands that take them."""
        bucket = f"aws s3api put-bucket-policy --bucket {self.bucket} --policy file://policy.json"
        create = "aws bcm-data-exports create-export --cli-input-json file://export.json"
        return (
            f"# 1. policy.json, for\n#    {bucket}\n{as_json(self.policy())}\n"
            f"# 2. export.json, for\n#    {create} --region us-east-1\n"
            f"{as_json(self.definition())}\n# 3. The table, for Athena\n{self.ddl()}"
        )


def as_json(value: dict[str, Any]) -> str:
    """As a file has it."""
    return json.dumps(value, indent=2) + "\n"
