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

constexpr std::array options{
    secret("access_key_id", "AWS access key id to sign with, instead of the default chain."),
    OptionInfo{"allowed_projects", OptionType::list, "", "", 0, 0,
               "Globs of the project ids that may be used; empty allows every id."},
    choice("auth", "auto", "auto|bearer|none|sigv4",
           "How requests are authenticated; auto signs or sends a bearer token on Bedrock's own "
           "hosts and leaves the caller's authorization alone on every other host; bearer makes a "
           "short-term token of the AWS credentials where none is given."),
    OptionInfo{"base_url", OptionType::url, "", "", 0, 0,
               "The endpoint's URL; requests to another origin are refused."},
    secret("bearer_token", "Bedrock API key to send instead of signing."),
    OptionInfo{"carrier", OptionType::list, "auto", "auto|body|header|workspace", 0, 0,
               "How a request names its project; auto goes by the endpoint."},
    OptionInfo{"chain_memory", OptionType::integer, "10000", "", 0, 10'000'000,
               "How many response ids are remembered with their project, so that a chain that "
               "would cross projects is refused; 0 turns that off."},
    choice("conflict", "keep", "keep|override|refuse",
           "What happens when a request names another project than its scope, rule or client: its "
           "own is kept, is overridden, or the request is refused."),
    choice("endpoint", "auto", "auto|custom|mantle|runtime",
           "The kind of endpoint behind a host that is not one of AWS's own names; auto takes it "
           "for custom."),
    text("profile",
         "Profile of the shared AWS config and credentials files; keys in the environment "
         "are then left alone. By default AWS_DEFAULT_PROFILE, then AWS_PROFILE."),
    text("project", "Project id of requests that nothing else names a project for."),
    text("region",
         "AWS region to sign for; by default the host's, then AWS_REGION, then "
         "AWS_DEFAULT_REGION, then the profile's."),
    choice("route", "keep", "auto|keep",
           "What happens to a request on a mantle host whose model is served on another path: it "
           "is sent as it is, with a hint in the log and the error, or (auto) from /v1 to "
           "/openai/v1 and back to the path of its model."),
    text("routes",
         "File of routes of models that are asked before those that ship with costmark; see "
         "'costmark doctor route'."),
    text("rules",
         "Projects by model, API or path, such as "
         "'proj_vision: model=*vision*; proj_batch: api=responses path=/v1/*'."),
    choice("runtime_project", "warn", "allow|refuse|warn",
           "What happens when a project is sent to a bedrock-runtime host, where AWS documents "
           "only the default project."),
    secret("secret_access_key", "AWS secret access key that belongs to access_key_id."),
    text("service", "SigV4 service name; by default bedrock-mantle, or bedrock on runtime hosts."),
    secret("session_token", "AWS session token that belongs to access_key_id."),
    boolean("stream_usage", "true",
            "Whether streamed chat completions are asked to report usage; the extra chunk is "
            "hidden from callers who did not ask for it themselves."),
    boolean("strict_json", "false",
            "Whether request bodies must be exactly RFC 8259; otherwise they are checked only as "
            "far as finding members needs it."),
    choice("unattributed", "warn", "allow|refuse|warn",
           "What happens to a request that no project is named for: it is sent, sent with a "
           "warning at most once a minute, or refused."),
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
