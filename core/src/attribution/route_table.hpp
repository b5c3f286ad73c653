// Which requests spend, and which are known to spend nothing.
#pragma once

#include <array>
#include <string_view>

#include "attribution/route.hpp"
#include "costmark/api.hpp"

namespace costmark::attribution {

struct RouteRow {
  RouteKind kind;
  std::string_view path;  // the last segments; '*' stands for one, '**' for any number of them
  Api api = Api::other;
  std::string_view method = {};  // where others do something else at the same path
};

// Of requests that write: every method but GET, HEAD, OPTIONS and DELETE. The first row that fits
// the end of the path decides. Sources: the OpenAI and Anthropic API references, and the service
// models and user guide of Bedrock; a path that only another vendor serves stands here because
// gateways serve it too.
inline constexpr std::array route_table{
    // The APIs that OpenAI and Anthropic made.
    RouteRow{RouteKind::inference, "chat/completions", Api::chat_completions},
    RouteRow{RouteKind::inference, "responses", Api::responses},
    RouteRow{RouteKind::spending, "threads/*/messages"},
    RouteRow{RouteKind::inference, "messages", Api::messages},
    RouteRow{RouteKind::inference, "embeddings", Api::embeddings},
    RouteRow{RouteKind::inference, "completions", Api::chat_completions},
    RouteRow{RouteKind::inference, "responses/compact", Api::responses},
    RouteRow{RouteKind::inference, "messages/batches", Api::messages},

    // bedrock-runtime's own.
    RouteRow{RouteKind::free, "model/**/count-tokens"},
    RouteRow{RouteKind::inference, "model/**/converse", Api::converse},
    RouteRow{RouteKind::inference, "model/**/converse-stream", Api::converse},
    RouteRow{RouteKind::inference, "model/**/invoke", Api::invoke_model},
    RouteRow{RouteKind::inference, "model/**/invoke-with-response-stream", Api::invoke_model},

    // Operations of Bedrock, on whichever of its hosts, that spend and have no place for a project.
    RouteRow{RouteKind::invoking, "model/**/invoke-with-bidirectional-stream"},
    RouteRow{RouteKind::invoking, "async-invoke"},
    RouteRow{RouteKind::invoking, "guardrail/**/version/*/apply"},
    RouteRow{RouteKind::invoking, "guardrail-checks/invoke"},
    RouteRow{RouteKind::invoking, "model-invocation-job"},
    RouteRow{RouteKind::invoking, "model-customization-jobs"},
    RouteRow{RouteKind::invoking, "custom-model-deployments"},
    RouteRow{RouteKind::invoking, "evaluation-jobs"},
    RouteRow{RouteKind::invoking, "advanced-prompt-optimization-jobs"},
    RouteRow{RouteKind::invoking, "provisioned-model-throughput"},
    RouteRow{RouteKind::invoking, "marketplace-model/endpoints"},
    RouteRow{RouteKind::invoking, "knowledgebases/*/datasources/*/ingestionjobs", Api::other,
             "PUT"},
    RouteRow{RouteKind::invoking, "knowledgebases/*/datasources/*/documents", Api::other, "PUT"},
    RouteRow{RouteKind::invoking, "agents/*/agentaliases/*/sessions/*/text"},
    RouteRow{RouteKind::free, "flows/**/aliases/*", Api::other, "PUT"},
    RouteRow{RouteKind::invoking, "flows/**/aliases/*"},
    RouteRow{RouteKind::invoking, "flows/**/aliases/*/executions"},
    RouteRow{RouteKind::invoking, "retrieveandgenerate"},
    RouteRow{RouteKind::invoking, "retrieveandgeneratestream"},
    RouteRow{RouteKind::invoking, "agenticretrievestream"},
    RouteRow{RouteKind::invoking, "knowledgebases/*/retrieve"},
    RouteRow{RouteKind::invoking, "optimize-prompt"},
    RouteRow{RouteKind::invoking, "generatequery"},

    // Counting, cancelling, completing.
    RouteRow{RouteKind::free, "messages/count_tokens"},
    RouteRow{RouteKind::free, "responses/input_tokens"},
    RouteRow{RouteKind::free, "responses/*/cancel"},
    RouteRow{RouteKind::free, "messages/batches/*/cancel"},
    RouteRow{RouteKind::free, "batches/*/cancel"},
    RouteRow{RouteKind::free, "jobs/*/cancel"},
    RouteRow{RouteKind::free, "jobs/*/pause"},
    RouteRow{RouteKind::free, "uploads/*/cancel"},
    RouteRow{RouteKind::free, "uploads/*/complete"},
    RouteRow{RouteKind::free, "runs/*/cancel"},
    RouteRow{RouteKind::free, "file_batches/*/cancel"},
    RouteRow{RouteKind::free, "calls/*/hangup"},
    RouteRow{RouteKind::free, "calls/*/reject"},
    RouteRow{RouteKind::free, "live/sessions/*/hangup"},
    RouteRow{RouteKind::free, "live/sessions/*/reject"},

    // What is stored.
    RouteRow{RouteKind::free, "chat/completions/*"},
    RouteRow{RouteKind::free, "conversations"},
    RouteRow{RouteKind::free, "conversations/*"},
    RouteRow{RouteKind::free, "conversations/*/items"},
    RouteRow{RouteKind::free, "checkpoints/*/permissions"},
    RouteRow{RouteKind::free, "graders/validate"},
    RouteRow{RouteKind::free, "evals"},
    RouteRow{RouteKind::free, "evals/*"},

    // Jobs, and what is uploaded for them.
    RouteRow{RouteKind::spending, "batches"},
    RouteRow{RouteKind::spending, "files"},
    RouteRow{RouteKind::spending, "uploads"},
    RouteRow{RouteKind::spending, "uploads/*/parts"},
    RouteRow{RouteKind::spending, "fine_tuning/jobs"},
    RouteRow{RouteKind::spending, "jobs/*/resume"},
    RouteRow{RouteKind::spending, "graders/run"},
    RouteRow{RouteKind::spending, "evals/*/runs"},

    // Other models, and sessions with them.
    RouteRow{RouteKind::spending, "images/generations"},
    RouteRow{RouteKind::spending, "images/edits"},
    RouteRow{RouteKind::spending, "images/variations"},
    RouteRow{RouteKind::spending, "audio/speech"},
    RouteRow{RouteKind::spending, "audio/transcriptions"},
    RouteRow{RouteKind::spending, "audio/translations"},
    RouteRow{RouteKind::spending, "videos"},
    RouteRow{RouteKind::spending, "videos/*"},
    RouteRow{RouteKind::spending, "videos/*/remix"},
    RouteRow{RouteKind::spending, "moderations"},
    RouteRow{RouteKind::spending, "rerank"},
    RouteRow{RouteKind::spending, "complete"},
    RouteRow{RouteKind::spending, "realtime"},
    RouteRow{RouteKind::spending, "realtime/calls"},
    RouteRow{RouteKind::spending, "realtime/calls/*/accept"},
    RouteRow{RouteKind::spending, "realtime/client_secrets"},
    RouteRow{RouteKind::spending, "realtime/sessions"},
    RouteRow{RouteKind::spending, "realtime/transcription_sessions"},
    RouteRow{RouteKind::spending, "realtime/translations"},
    RouteRow{RouteKind::spending, "realtime/translations/*"},
    RouteRow{RouteKind::spending, "live/sessions"},
    RouteRow{RouteKind::spending, "live/sessions/*/*"},
    RouteRow{RouteKind::spending, "assistants"},
    RouteRow{RouteKind::spending, "threads"},
    RouteRow{RouteKind::spending, "threads/runs"},
    RouteRow{RouteKind::spending, "threads/*/runs"},
    RouteRow{RouteKind::spending, "runs/*/submit_tool_outputs"},
    RouteRow{RouteKind::spending, "containers"},
    RouteRow{RouteKind::spending, "containers/*/files"},
    RouteRow{RouteKind::spending, "vector_stores"},
    RouteRow{RouteKind::spending, "vector_stores/*/files"},
    RouteRow{RouteKind::spending, "vector_stores/*/file_batches"},
    RouteRow{RouteKind::spending, "vector_stores/*/search"},
};

// Segments that say of a path, whatever the method, that what is there belongs to a project.
inline constexpr std::array project_segments{
    std::string_view("responses"),     std::string_view("completions"),
    std::string_view("messages"),      std::string_view("models"),
    std::string_view("files"),         std::string_view("batches"),
    std::string_view("uploads"),       std::string_view("fine_tuning"),
    std::string_view("embeddings"),    std::string_view("conversations"),
    std::string_view("images"),        std::string_view("audio"),
    std::string_view("videos"),        std::string_view("moderations"),
    std::string_view("realtime"),      std::string_view("assistants"),
    std::string_view("threads"),       std::string_view("evals"),
    std::string_view("vector_stores"), std::string_view("containers"),
    std::string_view("live"),
};

}  // namespace costmark::attribution
