/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_OPTIONS_H)
#define COSTMARK_OPTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Options
 *
 * Each can also be set by its variable: COSTMARK_REGION for "region". What is set here wins.
 *
 * - access_key_id (secret): AWS access key id to sign with, instead of the default chain.
 * - allowed_projects (list): Globs of the project ids, or of the names in option lock, that may
 *   be used; empty allows every one. What may spend must then name a project, unless a glob
 *   allows 'default'.
 * - auth (auto | bearer | none | sigv4; default auto): How requests are authenticated; auto
 *   signs or sends a bearer token on Bedrock's own hosts and leaves the caller's authorization
 *   alone on every other host; bearer makes a short-term token of the AWS credentials where none
 *   is given.
 * - base_url (url): The endpoint's URL; requests to another origin are refused.
 * - bearer_token (secret): Bedrock API key to send instead of signing.
 * - budget_output_tokens (0 to 100000000; default 0): How many tokens of output a call is taken
 *   to need that sets no limit itself, until its answer tells; 0 takes the 99th percentile of
 *   the answers so far.
 * - budget_unpriced (allow | refuse; default refuse): What happens to a call whose model has no
 *   price, under a budget in USD that refuses.
 * - budgets (text): What projects, tags, labels or all calls may spend, such as 'support:
 *   project=proj_support 250usd/month refuse at=80; everyone: all 1000calls/day warn'; or the
 *   file that says it, a value without ':'. See docs/budgets.md.
 * - ca_bundle (text): PEM file of the certificates that the endpoint is trusted by when costmark
 *   sends or verifies; by default AWS_CA_BUNDLE, then the system's.
 * - carrier (list of auto | body | header | workspace; default auto): How a request names its
 *   project; auto goes by the endpoint.
 * - chain_memory (0 to 10000000; default 10000): How many response ids are remembered with their
 *   project, so that a chain that would cross projects is refused; 0 turns that off.
 * - conflict (keep | override | refuse; default keep): What happens when a request names another
 *   project than its scope, rule or client: its own is kept, is overridden, or the request is
 *   refused.
 * - connect_timeout_ms (1 to 86400000; default 10000): How long a connection may take to be
 *   made, TLS included, in milliseconds.
 * - connection_pool (client | process; default client): Whether a client keeps connections for
 *   itself or shares them with all clients of the process whose connections are made alike.
 * - endpoint (auto | custom | mantle | runtime; default auto): The kind of endpoint behind a
 *   host that is not one of AWS's own names; auto takes it for custom.
 * - external_id (secret): External id that the trust policy of the role of option role_arn asks
 *   for.
 * - free_routes (list): Globs of paths, such as '/v1/trace*', whose requests spend nothing and
 *   may go without a project.
 * - hosts (list): Hosts that lead to Bedrock, as NAME or NAME:PORT; one of another vendor's own
 *   hosts, such as api.openai.com, is covered only if it is named here.
 * - http_version (1.1 | 2 | auto; default auto): What costmark sends and verifies with: auto
 *   speaks HTTP/2 where TLS agrees on it, 2 without TLS too.
 * - labels_as_metadata (boolean; default false): Whether the labels of a call also go into the
 *   body of Converse, as its requestMetadata, which logs of model invocations show; what the
 *   caller has there stays.
 * - ledger (text): Folder that gets a row for every attempt; or stdout, stderr or fd:N, which
 *   get the same rows as lines of JSON.
 * - ledger_begin (boolean; default true): Whether the ledger also gets a row before an attempt is
 *   sent, so that a process that is killed leaves no hole.
 * - ledger_hash_key (secret): Key of option ledger_hash_labels, of at least 16 bytes; rows tell
 *   which key it was, not the key.
 * - ledger_hash_labels (list): Names of labels whose values the ledger keeps as HMAC-SHA-256
 *   under option ledger_hash_key, such as 'user'.
 * - ledger_sync (every | interval | never; default never): When the ledger's rows are forced to
 *   the disk: with every row, once a second, or when the kernel does it.
 * - lock (text): File costmark.lock of the projects, read when a client is made: wherever a
 *   project is named, its name may stand for its id, and every row of the ledger carries its
 *   tags.
 * - max_attempts (1 to 100; default 3): How many times an operation is tried when costmark
 *   sends, the first time included.
 * - max_idle_connections (0 to 1000; default 16): How many connections are kept for later when
 *   nothing is sent over them.
 * - no_proxy (text): Hosts that are reached without a proxy, separated by commas; by default
 *   no_proxy of the environment.
 * - prices (text): Price book of the estimates in the ledger; by default the one that ships with
 *   costmark. See 'costmark prices'.
 * - profile (text): Profile of the shared AWS config and credentials files; keys in the
 *   environment are then left alone. By default AWS_DEFAULT_PROFILE, then AWS_PROFILE.
 * - project (text): Project of requests that nothing else names one for: an id, an ARN, or a
 *   name in option lock.
 * - proxy (secret): URL of the proxy to send and verify through, with its user and password if
 *   it wants them; by default https_proxy, http_proxy or all_proxy of the environment.
 * - read_timeout_ms (1 to 86400000; default 600000): How long a server may be silent within an
 *   exchange, in milliseconds.
 * - region (text): AWS region to sign for; by default the host's, then AWS_REGION, then
 *   AWS_DEFAULT_REGION, then the profile's.
 * - role_arn (text): ARN of an IAM role to assume at STS and sign with; it is assumed with the
 *   credentials that the client would sign with otherwise.
 * - role_session_name (text): Name of the role's session, as CloudTrail shows it; by default
 *   costmark-session- and the time of the first call.
 * - route (auto | keep; default keep): What happens to a request on a mantle host whose model is
 *   served on another path: it is sent as it is, with a hint in the log and the error, or (auto)
 *   from /v1 to /openai/v1 and back to the path of its model.
 * - routes (text): File of routes of models that are asked before those that ship with costmark;
 *   see 'costmark doctor route'.
 * - rules (text): Projects by model, API or path, such as 'proj_vision: model=*vision*;
 *   proj_batch: api=responses path=/v1/responses'.
 * - runtime_project (allow | refuse | warn; default warn): What happens when a project is sent
 *   to a bedrock-runtime host, where AWS documents only the default project for Chat Completions,
 *   Responses and Messages. Converse and InvokeModel take projects there, whatever this says.
 * - secret_access_key (secret): AWS secret access key that belongs to access_key_id.
 * - service (text): SigV4 service name; by default bedrock-mantle, or bedrock on runtime hosts.
 * - session_token (secret): AWS session token that belongs to access_key_id.
 * - stream_usage (boolean; default true): Whether streamed chat completions are asked to report
 *   usage; the extra chunk is hidden from callers who did not ask for it themselves.
 * - strict_json (boolean; default false): Whether request bodies must be exactly RFC 8259;
 *   otherwise they are checked only as far as finding members needs it.
 * - strict_routes (boolean; default false): Whether requests to unknown routes are refused on
 *   every host; otherwise they pass unedited, except to Bedrock's own hosts under
 *   unattributed=refuse or allowed_projects.
 * - tags (text): Tags of projects for the rows of the ledger, before those of option lock, such as
 *   'proj_a: team=search, env=prod; proj_b: team=ops'.
 * - timeout_ms (1 to 86400000; default 600000): How long an operation may take when costmark
 *   sends, all attempts and pauses included, in milliseconds.
 * - unattributed (allow | refuse | warn; default warn): What happens to a request that may spend
 *   and that no project is named for: it is sent, sent with a warning at most once a minute, or
 *   refused.
 * - verify (boolean; default false): Whether an endpoint must prove, before the first inference
 *   request to it, that it reads the project of requests; calls to one that ignores it are
 *   refused.
 * - verify_model (text): Model that the proof is made with; by default that of the request, and
 *   none for a verification without a request.
 */

/* The type of an option's value. Values are always passed as text. */
typedef int32_t costmark_option_type;
enum {
  COSTMARK_OPTION_UNKNOWN = 0,
  COSTMARK_OPTION_TEXT = 1,    /* UTF-8 without control characters */
  COSTMARK_OPTION_SECRET = 2,  /* text that is never shown */
  COSTMARK_OPTION_BOOLEAN = 3, /* true or false; also 1/0, yes/no, on/off */
  COSTMARK_OPTION_INTEGER = 4, /* decimal, from `minimum` to `maximum` */
  COSTMARK_OPTION_CHOICE = 5,  /* one of `choices` */
  COSTMARK_OPTION_LIST = 6,    /* texts separated by commas */
  COSTMARK_OPTION_URL = 7      /* an absolute http or https URL */
};

/* One option. Its texts are static. */
typedef struct costmark_option {
  size_t struct_size;
  costmark_str name;
  costmark_str default_value; /* absent: not set */
  costmark_str choices;       /* for choices and some lists: the values, separated by '|' */
  costmark_str description;   /* one sentence */
  int64_t minimum;            /* for integers */
  int64_t maximum;            /* for integers */
  costmark_option_type type;
  uint32_t reserved;
} costmark_option;

#define COSTMARK_OPTION_INIT \
  {sizeof(costmark_option),  \
   COSTMARK_STR_INIT,        \
   COSTMARK_STR_INIT,        \
   COSTMARK_STR_INIT,        \
   COSTMARK_STR_INIT,        \
   0,                        \
   0,                        \
   0,                        \
   0}

/* How many options there are. */
COSTMARK_EXPORT size_t costmark_option_count(void) COSTMARK_NOEXCEPT;

/*
 * Shows one option. They are sorted by name; a later version may put new ones between them.
 *
 * index: from 0 to costmark_option_count() - 1.
 * out_option: its struct_size set by the caller. All zero for another index.
 */
COSTMARK_EXPORT void costmark_option_read(size_t index,
                                          costmark_option *out_option) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_OPTIONS_H */
