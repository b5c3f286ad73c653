#include <array>

#include "costmark/options.hpp"

namespace costmark {
namespace {

constexpr OptionInfo text(std::string_view name, std::string_view description) {
  return {name, OptionType::text, "", "", 0, 0, description};
}
constexpr OptionInfo secret(std::string_view name, std::string_view description) {
  return {name, OptionType::secret, "", "", 0, 0, description};
}
constexpr OptionInfo choice(std::string_view name, std::string_view default_value,
                            std::string_view choices, std::string_view description) {
  return {name, OptionType::choice, default_value, choices, 0, 0, description};
}
constexpr OptionInfo boolean(std::string_view name, std::string_view default_value,
                             std::string_view description) {
  return {name, OptionType::boolean, default_value, "", 0, 0, description};
}

constexpr OptionInfo integer(std::string_view name, std::string_view default_value,
                             std::int64_t minimum, std::int64_t maximum,
                             std::string_view description) {
  return {name, OptionType::integer, default_value, "", minimum, maximum, description};
}

constexpr std::int64_t day_ms = 86'400'000;

constexpr std::array options{
    secret("access_key_id", "AWS access key id to sign with, instead of the default chain."),
    OptionInfo{"allowed_projects", OptionType::list, "", "", 0, 0,
               "Globs of the project ids, or of the names in option lock, that may be used; empty "
               "allows every one. What may spend must then name a project, unless a glob allows "
               "'default'."},
    choice("auth", "auto", "auto|bearer|none|sigv4",
           "How requests are authenticated; auto signs or sends a bearer token on Bedrock's own "
           "hosts and leaves the caller's authorization alone on every other host; bearer makes a "
           "short-term token of the AWS credentials where none is given."),
    OptionInfo{"base_url", OptionType::url, "", "", 0, 0,
               "The endpoint's URL; requests to another origin are refused."},
    secret("bearer_token", "Bedrock API key to send instead of signing."),
    integer("budget_output_tokens", "0", 0, 100'000'000,
            "How many tokens of output a call is taken to need that sets no limit itself, until "
            "its answer tells; 0 takes the 99th percentile of the answers so far."),
    choice("budget_unpriced", "refuse", "allow|refuse",
           "What happens to a call whose model has no price, under a budget in USD that refuses."),
    text("budgets",
         "What projects, tags, labels or all calls may spend, such as 'support: "
         "project=proj_support 250usd/month refuse at=80; everyone: all 1000calls/day warn'; or "
         "the file that says it, a value without ':'. See docs/budgets.md."),
    text("ca_bundle",
         "PEM file of the certificates that the endpoint is trusted by when costmark sends or "
         "verifies; by default AWS_CA_BUNDLE, then the system's."),
    OptionInfo{"carrier", OptionType::list, "auto", "auto|body|header|workspace", 0, 0,
               "How a request names its project; auto goes by the endpoint."},
    integer("chain_memory", "10000", 0, 10'000'000,
            "How many response ids are remembered with their project, so that a chain that "
            "would cross projects is refused; 0 turns that off."),
    choice("conflict", "keep", "keep|override|refuse",
           "What happens when a request names another project than its scope, rule or client: its "
           "own is kept, is overridden, or the request is refused."),
    integer("connect_timeout_ms", "10000", 1, day_ms,
            "How long a connection may take to be made, TLS included, in milliseconds."),
    choice("connection_pool", "client", "client|process",
           "Whether a client keeps connections for itself or shares them with all clients of the "
           "process whose connections are made alike."),
    choice("endpoint", "auto", "auto|custom|mantle|runtime",
           "The kind of endpoint behind a host that is not one of AWS's own names; auto takes it "
           "for custom."),
    secret("external_id",
           "External id that the trust policy of the role of option role_arn asks for."),
    OptionInfo{"free_routes", OptionType::list, "", "", 0, 0,
               "Globs of paths, such as '/v1/trace*', whose requests spend nothing and may go "
               "without a project."},
    OptionInfo{"hosts", OptionType::list, "", "", 0, 0,
               "Hosts that lead to Bedrock, as NAME or NAME:PORT; one of another vendor's own "
               "hosts, such as api.openai.com, is covered only if it is named here."},
    choice("http_version", "auto", "1.1|2|auto",
           "What costmark sends and verifies with: auto speaks HTTP/2 where TLS agrees on it, 2 "
           "without TLS too."),
    boolean("labels_as_metadata", "false",
            "Whether the labels of a call also go into the body of Converse, as its "
            "requestMetadata, which logs of model invocations show; what the caller has there "
            "stays."),
    text("ledger",
         "Folder that gets a row for every attempt; or stdout, stderr or fd:N, which get the same "
         "rows as lines of JSON."),
    boolean("ledger_begin", "true",
            "Whether the ledger also gets a row before an attempt is sent, so that a process that "
            "is killed leaves no hole."),
    secret("ledger_hash_key",
           "Key of option ledger_hash_labels, of at least 16 bytes; rows tell which key it was, "
           "not the key."),
    OptionInfo{"ledger_hash_labels", OptionType::list, "", "", 0, 0,
               "Names of labels whose values the ledger keeps as HMAC-SHA-256 under option "
               "ledger_hash_key, such as 'user'."},
    choice("ledger_sync", "never", "every|interval|never",
           "When the ledger's rows are forced to the disk: with every row, once a second, or when "
           "the kernel does it."),
    text("lock",
         "File costmark.lock of the projects, read when a client is made: wherever a project is "
         "named, its name may stand for its id, and every row of the ledger carries its tags."),
    integer("max_attempts", "3", 1, 100,
            "How many times an operation is tried when costmark sends, the first time included."),
    integer("max_idle_connections", "16", 0, 1000,
            "How many connections are kept for later when nothing is sent over them."),
    text("no_proxy",
         "Hosts that are reached without a proxy, separated by commas; by default no_proxy of the "
         "environment."),
    text("prices",
         "Price book of the estimates in the ledger; by default the one that ships with costmark. "
         "See "
         "'costmark prices'."),
    text("profile",
         "Profile of the shared AWS config and credentials files; keys in the environment "
         "are then left alone. By default AWS_DEFAULT_PROFILE, then AWS_PROFILE."),
    text("project",
         "Project of requests that nothing else names one for: an id, an ARN, or a name in option "
         "lock."),
    secret("proxy",
           "URL of the proxy to send and verify through, with its user and password if it wants "
           "them; by default https_proxy, http_proxy or all_proxy of the environment."),
    integer("read_timeout_ms", "600000", 1, day_ms,
            "How long a server may be silent within an exchange, in milliseconds."),
    text("region",
         "AWS region to sign for; by default the host's, then AWS_REGION, then "
         "AWS_DEFAULT_REGION, then the profile's."),
    text("role_arn",
         "ARN of an IAM role to assume at STS and sign with; it is assumed with the credentials "
         "that the client would sign with otherwise."),
    text("role_session_name",
         "Name of the role's session, as CloudTrail shows it; by default costmark-session- and the "
         "time of the first call."),
    choice("route", "keep", "auto|keep",
           "What happens to a request on a mantle host whose model is served on another path: it "
           "is sent as it is, with a hint in the log and the error, or (auto) from /v1 to "
           "/openai/v1 and back to the path of its model."),
    text("routes",
         "File of routes of models that are asked before those that ship with costmark; see "
         "'costmark doctor route'."),
    text("rules",
         "Projects by model, API or path, such as "
         "'proj_vision: model=*vision*; proj_batch: api=responses path=/v1/responses'."),
    choice("runtime_project", "warn", "allow|refuse|warn",
           "What happens when a project is sent to a bedrock-runtime host, where AWS documents "
           "only the default project for Chat Completions, Responses and Messages. Converse and "
           "InvokeModel take projects there, whatever this says."),
    secret("secret_access_key", "AWS secret access key that belongs to access_key_id."),
    text("service", "SigV4 service name; by default bedrock-mantle, or bedrock on runtime hosts."),
    secret("session_token", "AWS session token that belongs to access_key_id."),
    boolean("stream_usage", "true",
            "Whether streamed chat completions are asked to report usage; the extra chunk is "
            "hidden from callers who did not ask for it themselves."),
    boolean("strict_json", "false",
            "Whether request bodies must be exactly RFC 8259; otherwise they are checked only as "
            "far as finding members needs it."),
    boolean("strict_routes", "false",
            "Whether requests to unknown routes are refused on every host; otherwise they pass "
            "unedited, except to Bedrock's own hosts under unattributed=refuse or "
            "allowed_projects."),
    text("tags",
         "Tags of projects for the rows of the ledger, before those of option lock, such as "
         "'proj_a: team=search, env=prod; proj_b: team=ops'."),
    integer("timeout_ms", "600000", 1, day_ms,
            "How long an operation may take when costmark sends, all attempts and pauses included, "
            "in milliseconds."),
    choice("unattributed", "warn", "allow|refuse|warn",
           "What happens to a request that may spend and that no project is named for: it is sent, "
           "sent with a warning at most once a minute, or refused."),
    boolean("verify", "false",
            "Whether an endpoint must prove, before the first inference request to it, that it "
            "reads the project of requests; calls to one that ignores it are refused."),
    text("verify_model",
         "Model that the proof is made with; by default that of the request, and none for a "
         "verification without a request."),
};

constexpr bool sorted_by_name() {
  for (std::size_t i = 1; i < options.size(); ++i) {
    if (options[i - 1].name >= options[i].name) return false;
  }
  return true;
}
static_assert(sorted_by_name());

}  // namespace

std::span<const OptionInfo> option_table() noexcept {
  return options;
}

}  // namespace costmark
