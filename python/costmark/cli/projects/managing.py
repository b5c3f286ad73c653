"""``costmark projects create``, ``list``, ``show``, ``tag``, ``untag``, ``rename``, ``archive``."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import TYPE_CHECKING, Any

from ..._names import names_of
from ...projects import Project, Projects
from ..names import add_lock
from ..output import complain, is_wanted, plain, print_row
from . import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..output import Commands, Parser

_PROJECT = "id, ARN, or a name that the lock has"
_FORMATS = ("text", "json", "tfvars", "cloudformation")


def add_to(parts: Commands) -> None:
    """Add the parts."""
    _add_create(parts)
    _add_list(parts)
    _add_show(parts)
    _add_tagging(parts)
    rename = _add(parts, "rename", _rename, "give a project another name; its id stays")
    rename.add_argument("project", metavar="PROJECT", help=_PROJECT)
    rename.add_argument("name", type=_text, metavar="NAME")
    archive = _add(parts, "archive", _archive, "archive a project, which cannot be undone")
    archive.add_argument("project", metavar="PROJECT", help=_PROJECT)
    archive.add_argument("--yes", action="store_true", help="do not ask first")


def _add_create(parts: Commands) -> None:
    create = _add(parts, "create", _create, "make a project; names need not be unique")
    create.add_argument("--name", type=_text, required=True)
    create.add_argument(
        "--tags", type=tags_in, default={}, metavar="KEY=VALUE,...", help="at most 50"
    )
    create.add_argument("--data-retention", metavar="MODE", help="inherit, none, default, ...")


def _add_list(parts: Commands) -> None:
    listing = _add(parts, "list", _list, "print the projects")
    listing.add_argument("--archived", action="store_true", help="archived ones, too")
    listing.add_argument(
        "--with-tags",
        action="store_true",
        help="on the bedrock plane, which asks for the tags of each project by itself",
    )
    _add_format(listing)


def _add_show(parts: Commands) -> None:
    show = _add(parts, "show", _show, "print a project and its tags")
    show.add_argument("project", metavar="PROJECT", help=_PROJECT)
    _add_format(show)


def _add_tagging(parts: Commands) -> None:
    tag = _add(parts, "tag", _tag, "add tags to a project, or overwrite their values")
    tag.add_argument("project", metavar="PROJECT", help=_PROJECT)
    tag.add_argument("tags", type=tags_in, nargs="+", metavar="KEY=VALUE", help="one or more")
    untag = _add(parts, "untag", _untag, "take tags off a project")
    untag.add_argument("project", metavar="PROJECT", help=_PROJECT)
    untag.add_argument("keys", nargs="+", metavar="KEY", help="one or more")


def _add(parts: Commands, name: str, run: Callable[[argparse.Namespace], int], what: str) -> Parser:
    parser = parts.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    parser.add_argument(
        "--plane",
        choices=("auto", "mantle", "bedrock"),
        default="auto",
        help="default: the one that belongs to the endpoint",
    )
    parser.add_argument("--region", metavar="NAME", help="in place of the one that is found")
    parser.add_argument("--profile", metavar="NAME", help="in place of the one that is found")
    parser.add_argument("--base-url", metavar="URL", help="in place of option base_url")
    parser.add_argument("--json", action="store_true", help="as JSON")
    if name not in ("create", "list"):
        add_lock(parser)
    parser.set_defaults(run=run)
    return parser


def _add_format(parser: Parser) -> None:
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        default="text",
        help="text, JSON, a map for Terraform's variables, or a CloudFormation template",
    )


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that the system's encoding does not have
        raise argparse.ArgumentTypeError(f"{plain(text)!r} is not UTF-8") from None
    return text


def tags_in(text: str) -> dict[str, str]:
    """The tags of ``key=value,key=value``."""
    pairs = [each.partition("=") for each in _text(text).split(",") if each]
    wrong = next((key for key, equals, _ in pairs if not equals or not key), None)
    if wrong is not None or not pairs:
        raise argparse.ArgumentTypeError(
            f"{plain(text)!r}: expected KEY=VALUE, such as team=platform,env=prod"
        )
    return {key: value for key, _, value in pairs}


def _projects(arguments: argparse.Namespace) -> Projects:
    return Projects(
        arguments.plane,
        region=arguments.region,
        profile=arguments.profile,
        base_url=arguments.base_url,
    )


def _project(arguments: argparse.Namespace, projects: Projects) -> str:
    """The id, or the ARN, of the project that the command is about."""
    given: str = arguments.project
    if given.startswith("arn:"):
        return given
    names = names_of(arguments.lock)
    return names.id_of(given, "the project", projects.region, projects.plane)


# --- The parts ------------------------------------------------------------------------------------


def _create(arguments: argparse.Namespace) -> int:
    projects = _projects(arguments)
    made = projects.create(arguments.name, arguments.tags, data_retention=arguments.data_retention)
    return _print_one(made, arguments)


def _list(arguments: argparse.Namespace) -> int:
    projects = _projects(arguments)
    shape = _format(arguments)
    found: Sequence[Project] = list(projects.list(include_archived=arguments.archived))
    is_code = shape in ("tfvars", "cloudformation")
    if is_code:  # AWS makes the default project, and no one else can
        found = [each for each in found if each.id != "default"]
    if arguments.with_tags or is_code:
        found = [_with_tags(projects, each) for each in found]
    if shape == "json":
        print(json.dumps([_fields(each) for each in found], indent=2))
    elif shape == "text":
        for line in formats.table(found):
            print(plain(line))
    else:
        _print_code(found, shape)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    projects = _projects(arguments)
    found = _with_tags(projects, projects.get(_project(arguments, projects)))
    shape = _format(arguments)
    if shape in ("text", "json"):
        return _print_one(found, arguments)
    _print_code([found], shape)
    return 0


def _tag(arguments: argparse.Namespace) -> int:
    tags = {key: value for each in arguments.tags for key, value in each.items()}
    projects = _projects(arguments)
    projects.add_tags(_project(arguments, projects), tags)
    return _print_now(projects, arguments)


def _untag(arguments: argparse.Namespace) -> int:
    projects = _projects(arguments)
    projects.remove_tags(_project(arguments, projects), arguments.keys)
    return _print_now(projects, arguments)


def _rename(arguments: argparse.Namespace) -> int:
    projects = _projects(arguments)
    renamed = projects.rename(_project(arguments, projects), arguments.name)
    return _print_one(renamed, arguments)


def _archive(arguments: argparse.Namespace) -> int:
    projects = _projects(arguments)
    project = _project(arguments, projects)
    if not arguments.yes:
        found = projects.get(project)
        complain(
            f"{found.name!r} ({found.id}, account {found.account}, {found.region}) takes no call "
            "any more once it is archived, which cannot be undone"
        )
        if not is_wanted():
            complain("nothing was changed")
            return 1
    return _print_one(projects.archive(project), arguments)


def _with_tags(projects: Projects, project: Project) -> Project:
    if project.tags is not None:
        return project
    return dataclasses.replace(project, tags=projects.tags(project))


# --- What is printed ------------------------------------------------------------------------------


def _format(arguments: argparse.Namespace) -> str:
    return "json" if arguments.json else str(arguments.format)


def _print_now(projects: Projects, arguments: argparse.Namespace) -> int:
    """Print a project as it is after its tags were changed."""
    return _print_one(_with_tags(projects, projects.get(_project(arguments, projects))), arguments)


def _print_one(project: Project, arguments: argparse.Namespace) -> int:
    fields = _fields(project)
    if arguments.json or getattr(arguments, "format", "text") == "json":
        print(json.dumps(fields, indent=2))
        return 0
    for name, value in fields.items():
        if value is not None:
            print_row(name, plain(_as_text(value)))
    return 0


def _print_code(found: Sequence[Project], shape: str) -> None:
    if any(each.plane == "bedrock" for each in found):
        complain(
            "AWS::BedrockMantle::Project and its Terraform resource make projects on the mantle "
            "plane, and these are of the bedrock plane"
        )
    print(formats.tfvars(found) if shape == "tfvars" else formats.cloudformation(found))


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return formats.tags_text(value)
    return str(value)


def _fields(project: Project) -> dict[str, Any]:
    times = {name: getattr(project, name) for name in ("created_at", "archived_at")}
    return dataclasses.asdict(project) | {
        name: None if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}" for name, time in times.items()
    }
