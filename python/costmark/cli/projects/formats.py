"""Projects as a table, as variables of Terraform, and as a CloudFormation template."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...projects import Project

_HEAD = ("ID", "NAME", "STATUS", "CREATED (UTC)", "TAGS")


def tags_text(tags: Mapping[str, str] | None) -> str:
    """Tags as ``--tags`` takes them; ``-`` where they are not known."""
    if tags is None:
        return "-"
    return ",".join(f"{key}={value}" for key, value in sorted(tags.items()))


def table(projects: Iterable[Project]) -> list[str]:
    """One line a project, column below column."""
    rows = [_HEAD, *map(_cells, projects)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _cells(project: Project) -> tuple[str, ...]:
    created = project.created_at
    return (
        project.id,
        project.name,
        project.status,
        "-" if created is None else f"{created:%Y-%m-%d %H:%M}",
        tags_text(project.tags),
    )


def tfvars(projects: Iterable[Project]) -> str:
    """A map ``projects`` by id, since names are not unique, as a .tfvars file has it."""
    lines = ["projects = {"]
    for project in projects:
        tags = {} if project.tags is None else project.tags
        lines += [
            f"  {_hcl(project.id)} = {{",
            f"    arn  = {_hcl(project.arn)}",
            f"    name = {_hcl(project.name)}",
            "    tags = {",
            *(f"      {_hcl(key)} = {_hcl(value)}" for key, value in sorted(tags.items())),
            "    }",
            "  }",
        ]
    return "\n".join([*lines, "}"])


def _hcl(text: str) -> str:
    """A string of Terraform's language, which takes ``${`` and ``%{`` for templates."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def cloudformation(projects: Sequence[Project]) -> str:
    """A template with one resource a project; with it they can be imported into a stack."""
    resources = {_logical_id(project): _resource(project) for project in projects}
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, indent=2)


def _logical_id(project: Project) -> str:
    """Letters and digits alone, and unique: the name for people, the id for the rest."""
    words = re.findall(r"[A-Za-z0-9]+", project.name)
    own = re.sub(r"[^A-Za-z0-9]", "", project.id.removeprefix("proj_"))
    return "".join(["Project", *(word[:1].upper() + word[1:] for word in words), "X", own])[:255]


def _resource(project: Project) -> dict[str, Any]:
    tags = {} if project.tags is None else project.tags
    return {
        "Type": "AWS::BedrockMantle::Project",
        "DeletionPolicy": "Retain",
        "Properties": {
            "Name": project.name,
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        },
        "Metadata": {"Arn": project.arn},
    }
