"""Environments for costmark and botocore to look for credentials in: variables, files, endpoints.

``{home}`` stands for the home folder, ``{program}`` for a program that prints credentials,
``{sts}`` for the endpoints of `sts_fakes`, ``{case}`` for what tells one case from the next. In the
home folder are ``token``, ``token-with-line-end`` and ``empty-token``, and a valid token of SSO for
``[sso-session s]`` and for the start URL ``https://x``.
"""

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
    """The two shared files."""

    name: str
    config: str | bytes | None = None
    credentials: str | bytes | None = None


def keys(name: str, *more: str) -> str:
    """A key pair whose values tell where it stood."""
    pair = (f"aws_access_key_id = AKID{name.upper()}", f"aws_secret_access_key = secret-{name}")
    return "\n".join((*pair, *more, ""))


ROLE = "arn:aws:iam::444455556666:role/costmark/of,all=us@x"
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
    Variables(
        "web identity", {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": ROLE}
    ),
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
    Files("default spelled twice", f"[default]\n{keys('one')}[profile default]\n{keys('two')}"),
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
    Files("role", f"[profile p]\nrole_arn={ROLE}\nsource_profile=q\n[profile q]\n{keys('q')}"),
    Files("role of itself", f"[profile p]\nrole_arn = {ROLE}\nsource_profile = p\n{keys('p')}"),
    Files(
        "role loop",
        f"[profile p]\nrole_arn = {ROLE}\nsource_profile = p\n",
        f"[default]\n{keys('d')}",
    ),
    Files("role without source", f"[profile p]\nrole_arn = {ROLE}\n{keys('p')}"),
    Files("role in DEFAULT", f"[DEFAULT]\nrole_arn = {ROLE}\n[profile p]\n{keys('p')}"),
    Files(
        "SSO",
        "[profile p]\nsso_session=s\nsso_account_id=1\nsso_role_name=r\n"
        "[sso-session s]\nsso_region=us-east-1\nsso_start_url=https://x\n",
        f"[p]\n{keys('p')}",
    ),
    Files("SSO session only", f"[profile p]\nsso_session = s\n{keys('p')}"),
    Files(
        "web identity",
        f"[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file = {{home}}/token\n{keys('p')}",
    ),
    Files(
        "empty web identity",
        f"[profile p]\nrole_arn = {ROLE}\nweb_identity_token_file =\n{keys('p')}",
    ),
    Files("services", f"[services p]\ns3 =\n  a = b\n[preview]\nk = v\n[profile p]\n{keys('p')}"),
]


def role(*more: str, arn: str = ROLE) -> str:
    return "\n".join((f"role_arn = {arn}", *more, ""))


@dataclass(frozen=True)
class Endpoints:
    """What the environment says of endpoints."""

    name: str
    values: dict[str, str] = field(default_factory=dict)


FAKES = {"AWS_ENDPOINT_URL_STS": "{sts}/good", "AWS_ENDPOINT_URL_SSO": "{sts}/sso"}

WEB_IDENTITY = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": ROLE}
OF_P = "[profile p]\n"
OF_Q = f"[profile q]\n{keys('q')}"
OF_SSO = "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://x\n"
BY_SSO = "sso_session = s\nsso_account_id = 111122223333\nsso_role_name = Reader\n"
BY_LEGACY_SSO = (
    "sso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n"
)
BY_TOKEN = "web_identity_token_file = {home}/token\n"

ROLE_VARIABLES = [
    Variables("AWS_PROFILE", {"AWS_PROFILE": "p"}),
    Variables("profile given", profile="p"),
    Variables("keys and profile given", ENVIRONMENT_KEYS, profile="p"),
    Variables(
        "temporary keys and profile given",
        {**ENVIRONMENT_KEYS, "AWS_SESSION_TOKEN": "env-token"},
        profile="p",
    ),
    Variables("keys", {**ENVIRONMENT_KEYS, "AWS_PROFILE": "p"}),
    Variables("web identity", {**WEB_IDENTITY, "AWS_PROFILE": "p"}),
    Variables("web identity and profile given", WEB_IDENTITY, profile="p"),
    Variables("web identity, session", {**WEB_IDENTITY, "AWS_ROLE_SESSION_NAME": "pod-7"}),
    Variables(
        "web identity, line end",
        {**WEB_IDENTITY, "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token-with-line-end"},
    ),
    Variables("web identity, file only", {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token"}),
    Variables(
        "web identity, file only, profile",
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_PROFILE": "p"},
    ),
    Variables("web identity, role only", {"AWS_ROLE_ARN": ROLE, "AWS_PROFILE": "p"}),
    Variables(
        "web identity, no such file",
        {**WEB_IDENTITY, "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/nothing"},
    ),
    Variables(
        "web identity, empty file",
        {**WEB_IDENTITY, "AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/empty-token"},
    ),
    Variables("other region", {"AWS_PROFILE": "p", "AWS_DEFAULT_REGION": "eu-west-1"}),
    Variables("no region", {"AWS_PROFILE": "p", "AWS_DEFAULT_REGION": "-"}),
]

ROLE_FILES = [
    Files("none"),
    Files("keys", f"{OF_P}{keys('p')}"),
    Files("of keys", f"{OF_P}{role('source_profile = q')}{OF_Q}"),
    Files("of keys, in default", f"[default]\n{role('source_profile = q')}{OF_P}k = v\n{OF_Q}"),
    Files("in both files", f"{OF_P}{role()}", f"[p]\nsource_profile = q\n[q]\n{keys('q')}"),
    Files("in the credentials file", None, f"[p]\n{role('source_profile = q')}[q]\n{keys('q')}"),
    Files(
        "overridden",
        f"{OF_P}{role('source_profile = nobody')}{OF_Q}",
        f"[p]\n{role('source_profile = q', arn=ROLE + '2')}",
    ),
    Files(
        "all settings",
        OF_P
        + role(
            "source_profile = q",
            "role_session_name = me@x",
            "external_id = a b+ü",
            "duration_seconds = 900",
        )
        + OF_Q,
    ),
    Files("empty session name", f"{OF_P}{role('source_profile=q', 'role_session_name =')}{OF_Q}"),
    Files(
        "session name of a letter", f"{OF_P}{role('source_profile=q', 'role_session_name=a')}{OF_Q}"
    ),
    Files("empty external id", f"{OF_P}{role('source_profile = q', 'external_id =')}{OF_Q}"),
    Files("too short", f"{OF_P}{role('source_profile = q', 'duration_seconds = 899')}{OF_Q}"),
    Files("no ARN", f"{OF_P}{role('source_profile = q', arn='r')}{OF_Q}"),
    Files("empty ARN", f"{OF_P}{role('source_profile = q', arn='')}{OF_Q}"),
    Files(
        "chain",
        f"{OF_P}{role('source_profile = o')}[profile o]\n"
        f"{role('source_profile = q', 'external_id = inner', arn=ROLE + '2')}{OF_Q}",
    ),
    Files(
        "chain of three",
        f"{OF_P}{role('source_profile = o')}[profile o]\n{role('source_profile = n')}"
        f"[profile n]\n{role('source_profile = q', arn=ROLE + '3')}{OF_Q}",
    ),
    Files(
        "chain that ends at keys",
        f"{OF_P}{role('source_profile = o')}[profile o]\n{role('source_profile = q')}{keys('o')}",
    ),
    Files(
        "loop of two",
        f"{OF_P}{role('source_profile = q')}[profile q]\n{role('source_profile = p')}",
    ),
    Files(
        "loop of two with keys",
        f"{OF_P}{role('source_profile = q')}{keys('p')}[profile q]\n{role('source_profile = p')}",
    ),
    Files("of nobody", f"{OF_P}{role('source_profile = nobody')}"),
    Files("of a profile without", f"{OF_P}{role('source_profile = o')}[profile o]\nk = v\n"),
    Files(
        "of half a pair", f"{OF_P}{role('source_profile = o')}[profile o]\naws_access_key_id=A\n"
    ),
    Files(
        "both sources", f"{OF_P}{role('source_profile=q', 'credential_source=Environment')}{OF_Q}"
    ),
    Files("of the environment", f"{OF_P}{role('credential_source = Environment')}"),
    Files("of environment in lower case", f"{OF_P}{role('credential_source = environment')}"),
    Files("of an unknown place", f"{OF_P}{role('credential_source = Elsewhere')}"),
    Files("of a container", f"{OF_P}{role('credential_source = EcsContainer')}"),
    Files("of an instance", f"{OF_P}{role('credential_source = Ec2InstanceMetadata')}"),
    Files(
        "of a program",
        f"{OF_P}{role('source_profile = o')}[profile o]\ncredential_process = {{program}}\n",
    ),
    Files(
        "of a program that fails",
        f"{OF_P}{role('source_profile = o')}[profile o]\ncredential_process = false\n",
    ),
    Files("by token", f"{OF_P}{role()}{BY_TOKEN}{keys('p')}"),
    Files("by token, session", f"{OF_P}{role('role_session_name = me')}{BY_TOKEN}"),
    Files("by token, no role", f"{OF_P}{BY_TOKEN}"),
    Files("by token, no file", f"{OF_P}{role()}web_identity_token_file = {{home}}/nothing\n"),
    Files(
        "of a role by token",
        f"{OF_P}{role('source_profile = o')}[profile o]\n{role(arn=ROLE + '2')}{BY_TOKEN}",
    ),
    Files("SSO", f"{OF_P}{BY_SSO}{keys('p')}{OF_SSO}"),
    Files("SSO of the older form", f"{OF_P}{BY_LEGACY_SSO}"),
    Files("SSO, no session", f"{OF_P}{BY_SSO}"),
    Files("SSO, other region", f"{OF_P}{BY_SSO}sso_region = eu-west-1\n{OF_SSO}"),
    Files("SSO, no start", f"{OF_P}{BY_SSO}[sso-session s]\nsso_region = us-east-1\n"),
    Files("SSO, no token", f"{OF_P}{BY_LEGACY_SSO.replace('https://x', 'https://y')}"),
    Files("of SSO", f"{OF_P}{role('source_profile = o')}[profile o]\n{BY_SSO}{OF_SSO}"),
    Files(
        "of SSO with keys",
        f"{OF_P}{role('source_profile=o')}[profile o]\n{BY_SSO}{keys('o')}{OF_SSO}",
    ),
    Files("of broken SSO", f"{OF_P}{role('source_profile = o')}[profile o]\nsso_account_id = 1\n"),
    Files("region of the profile", f"{OF_P}region = ap-east-1\n{role('source_profile = q')}{OF_Q}"),
    Files("region of the source", f"{OF_P}{role('source_profile=q')}{OF_Q}region = ap-east-1\n"),
]

# Beside the region: each with the profile `p` and with a web identity, and the files below.
ENDPOINTS = [
    Endpoints("global variable", {"AWS_ENDPOINT_URL": "{sts}/good"}),
    Endpoints("both variables", {**FAKES, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}),
    Endpoints("an empty variable", {"AWS_ENDPOINT_URL_STS": "", "AWS_ENDPOINT_URL": "{sts}/good"}),
    Endpoints("path and slash", {"AWS_ENDPOINT_URL_STS": "{sts}/good/deeper/"}),
    Endpoints("no URL", {"AWS_ENDPOINT_URL_STS": "good"}),
    Endpoints("nobody there", {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}),
    Endpoints("not ignored", {**FAKES, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}),
    Endpoints("legacy", {**FAKES, "AWS_STS_REGIONAL_ENDPOINTS": "legacy"}),
    Endpoints("neither word", {**FAKES, "AWS_STS_REGIONAL_ENDPOINTS": "LEGACY"}),
    Endpoints("FIPS", {**FAKES, "AWS_USE_FIPS_ENDPOINT": "true"}),
    Endpoints("dual-stack", {**FAKES, "AWS_USE_DUALSTACK_ENDPOINT": "true"}),
]
# An STS that behaves in one way or another; counts what it is asked for each case.
STS_MODES = [
    Endpoints(mode, {"AWS_ENDPOINT_URL_STS": f"{{sts}}/{mode}/{{case}}"})
    for mode in (
        "throttled-once",
        "broken-once",
        "idp-once",
        "denied",
        "expired-token",
        "no-such-key",
        "bad-identity",
        "region-disabled",
        "redirect",
        "garbage",
        "empty",
        "cut",
        "foreign",
        "entities",
    )
]
ENDPOINT_VARIABLES = [
    Variables("profile", {"AWS_PROFILE": "p"}),
    Variables("web identity", {**WEB_IDENTITY, "AWS_PROFILE": "p"}),
    Variables("no region", {"AWS_PROFILE": "p", "AWS_DEFAULT_REGION": "-"}),
]
ENDPOINT_FILES = [
    Files("of keys", f"{OF_P}region = us-west-2\n{role('source_profile = q')}{OF_Q}"),
    Files(
        "chain", f"{OF_P}{role('source_profile=o')}[profile o]\n{role('source_profile=q')}{OF_Q}"
    ),
    Files("by token", f"{OF_P}{role()}{BY_TOKEN}"),
    Files("keys", f"{OF_P}{keys('p')}"),
    Files(
        "endpoint of the profile",
        f"{OF_P}endpoint_url = {{sts}}/good/profile\n{role('source_profile = q')}{OF_Q}",
    ),
    Files(
        "endpoint of the service",
        f"{OF_P}services = s\nendpoint_url = http://127.0.0.1:1\n{role('source_profile = q')}{OF_Q}"
        "[services s]\nsts =\n  endpoint_url = {sts}/good/service\n",
    ),
    Files(
        "no such services",
        f"{OF_P}services = s\n{role('source_profile = q')}{OF_Q}",
    ),
]
