"""Environments in which costmark and botocore look for credentials: variables by files."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variables:
    """What the environment holds, and the profile that is given explicitly."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    profile: str = ""


@dataclass(frozen=True)
class Files:
    """The two shared files. ``{program}`` stands for a program that prints credentials."""

    name: str
    config: str | bytes | None = None
    credentials: str | bytes | None = None


def keys(name: str, *more: str) -> str:
    """A key pair whose values tell where it stood."""
    pair = (f"aws_access_key_id = AKID{name.upper()}", f"aws_secret_access_key = secret-{name}")
    return "\n".join((*pair, *more, ""))


ENVIRONMENT_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "secret-env"}

VARIABLES = [
    Variables("nothing"),
    Variables("keys", ENVIRONMENT_KEYS),
    Variables(
        "keys and both tokens",
        {**ENVIRONMENT_KEYS, "AWS_SESSION_TOKEN": "new", "AWS_SECURITY_TOKEN": "old"},
    ),
    Variables(
        "keys with expiry and account",
        {
            **ENVIRONMENT_KEYS,
            "AWS_SESSION_TOKEN": "token",
            "AWS_CREDENTIAL_EXPIRATION": "2999-01-02T03:04:05Z",
            "AWS_ACCOUNT_ID": "111122223333",
        },
    ),
    Variables("id only", {"AWS_ACCESS_KEY_ID": "AKIDENV"}),
    Variables("secret only", {"AWS_SECRET_ACCESS_KEY": "secret-env"}),
    Variables("empty keys", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}),
    Variables("AWS_PROFILE", {"AWS_PROFILE": "p"}),
    Variables("AWS_DEFAULT_PROFILE first", {"AWS_PROFILE": "q", "AWS_DEFAULT_PROFILE": "p"}),
    Variables("empty AWS_PROFILE", {"AWS_PROFILE": ""}),
    Variables("missing profile", {"AWS_PROFILE": "missing"}),
    Variables("keys and AWS_PROFILE", {**ENVIRONMENT_KEYS, "AWS_PROFILE": "p"}),
    Variables("profile given", profile="p"),
    Variables("profile given beside keys", ENVIRONMENT_KEYS, profile="p"),
    Variables("profile given beside AWS_PROFILE", {"AWS_PROFILE": "missing"}, profile="p"),
    Variables("files by variable", {"AWS_CONFIG_FILE": "$PLACE/config", "PLACE": "~/.aws"}),
    Variables("no config file", {"AWS_CONFIG_FILE": "~/nothing"}),
    Variables("config file set to nothing", {"AWS_CONFIG_FILE": ""}),
    Variables("no credentials file", {"AWS_SHARED_CREDENTIALS_FILE": "${HOME}/nothing"}),
    Variables("web identity", {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:r"}),
]

FILES = [
    Files("none"),
    Files("empty", "", ""),
    Files("credentials", None, f"[default]\n{keys('d')}[p]\n{keys('p', 'aws_session_token = t')}"),
    Files("config", f"[default]\n{keys('d')}[profile p]\n{keys('p', 'aws_account_id = 1')}"),
    Files(
        "both", f"[default]\n{keys('cd')}[profile p]\n{keys('cp')}", f"[default]\n{keys('d')}[p]\n"
    ),
    Files("bare name in config", f"[p]\n{keys('p')}[profile default]\n{keys('d')}"),
    Files("prefixed name in credentials", None, f"[profile p]\n{keys('p')}[q]\n{keys('q')}"),
    Files("quoted name", f'[profile "p"]\n{keys("p")}[profile q r]\n{keys("q")}'),
    Files("two spellings", f'[profile p]\n{keys("one")}[profile "p"]\n{keys("two")}'),
    Files("default spelt twice", f"[default]\n{keys('one')}[profile default]\n{keys('two')}"),
    Files("DEFAULT lends", f"[DEFAULT]\n{keys('lent')}[profile p]\nregion = r\n[default]\nk = v\n"),
    Files("DEFAULT lends in credentials", None, f"[DEFAULT]\n{keys('lent')}[p]\nk = v\n"),
    Files("both tokens", None, f"[p]\n{keys('p', 'aws_session_token=n', 'aws_security_token=o')}"),
    Files("id alone", "[profile p]\naws_access_key_id = A\n", "[default]\naws_access_key_id = A\n"),
    Files("split pair", "[profile p]\naws_access_key_id=A\n", "[p]\naws_secret_access_key=s\n"),
    Files("empty id", None, "[p]\naws_access_key_id =\naws_secret_access_key = s\n"),
    Files("capitals and colons", "[profile p]\nAWS_Access_Key_ID: A\naws_secret_access_key: s=:\n"),
    Files("comments", f"# a\n[profile p] ; b\n; c\n{keys('p', '  # d')}", "# nothing\n"),
    Files("inline comment", "[default]\naws_access_key_id=A # b\naws_secret_access_key=s ;c\n"),
    Files("continued secret", None, "[p]\naws_access_key_id = A\naws_secret_access_key = s\n  t\n"),
    Files("indented keys", None, "[p]\n  aws_access_key_id = A\n  aws_secret_access_key = s\n"),
    Files("sub-keys", f"[profile p]\ns3 =\n  a = b\n\n  c = d\n{keys('p')}[default]\n{keys('d')}"),
    Files("bad sub-key", f"[default]\n{keys('d')}[profile z]\ns3 =\n  nonsense\n"),
    Files("carriage returns", f"[profile p]\n{keys('p')}".replace("\n", "\r\n").encode()),
    Files("old carriage returns", f"[profile p]\n{keys('p')}".replace("\n", "\r").encode()),
    Files("byte order mark", None, b"\xef\xbb\xbf[p]\n" + keys("p").encode()),
    Files("not UTF-8", f"[default]\n{keys('d')}# \xe9\n".encode("latin-1")),
    Files("UTF-8", f"# \u00e9\u2026\n[profile p]\n{keys('p')}"),
    Files("section twice", None, f"[p]\n{keys('p')}[default]\n{keys('d')}[p]\n"),
    Files("key twice", None, f"[default]\n{keys('d', 'aws_access_key_id = B')}"),
    Files("no delimiter", f"[default]\n{keys('d')}nonsense\n", f"[p]\n{keys('p')}"),
    Files("no delimiter in credentials", f"[default]\n{keys('d')}", f"[p]\n{keys('p')}nonsense\n"),
    Files("before a section", f"k = v\n[default]\n{keys('d')}"),
    Files("no name", f"[]\n[default]\n{keys('d')}"),
    Files("huge lines", f"[default]\n# {'x' * 300_000}\n{keys('d', 'k = ' + 'y' * 300_000)}"),
    Files("process", "[profile p]\ncredential_process = {program}\n[default]\nk = v\n"),
    Files("process in credentials", None, "[p]\ncredential_process = {program} 'a b'\n"),
    Files("process and config keys", f"[profile p]\ncredential_process={{program}}\n{keys('p')}"),
    Files(
        "process and credentials keys",
        "[profile p]\ncredential_process = {program}\n",
        f"[p]\n{keys('p')}",
    ),
    Files("process fails", f"[profile p]\ncredential_process = false\n{keys('p')}"),
    Files("process is not there", "[profile p]\ncredential_process = /no/such/program\n"),
    Files("process prints nonsense", "[profile p]\ncredential_process = echo nonsense\n"),
    Files("process is open", "[profile p]\ncredential_process = echo 'open\n"),
    Files("process is empty", "[profile p]\ncredential_process =\n"),
    Files("role", f"[profile p]\nrole_arn=r\nsource_profile=q\n[profile q]\n{keys('q')}"),
    Files("role of itself", f"[profile p]\nrole_arn = r\nsource_profile = p\n{keys('p')}"),
    Files(
        "role loop", "[profile p]\nrole_arn = r\nsource_profile = p\n", f"[default]\n{keys('d')}"
    ),
    Files("role without source", f"[profile p]\nrole_arn = r\n{keys('p')}"),
    Files("role of nobody", f"[profile p]\nrole_arn = r\nsource_profile = nobody\n{keys('p')}"),
    Files("role in DEFAULT", f"[DEFAULT]\nrole_arn = r\n[profile p]\n{keys('p')}"),
    Files(
        "SSO",
        "[profile p]\nsso_session=s\nsso_account_id=1\nsso_role_name=r\n"
        "[sso-session s]\nsso_region=us-east-1\nsso_start_url=https://x\n",
        f"[p]\n{keys('p')}",
    ),
    Files("SSO session only", f"[profile p]\nsso_session = s\n{keys('p')}"),
    Files("web identity", f"[profile p]\nrole_arn=r\nweb_identity_token_file=/t\n{keys('p')}"),
    Files("empty web identity", f"[profile p]\nrole_arn=r\nweb_identity_token_file=\n{keys('p')}"),
    Files("services", f"[services p]\ns3 =\n  a = b\n[preview]\nk = v\n[profile p]\n{keys('p')}"),
]
