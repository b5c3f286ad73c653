#include "client.hpp"

#include "callbacks.hpp"
#include "config.hpp"
#include "guard.hpp"
#include "views.hpp"

namespace costmark::capi {

Status read_request(const costmark_request* from, std::vector<Header>& headers, Request& out) {
  costmark_request request;
  Status status = read_struct(from, request_first_size, "request", request);
  if (status) status = read_text(request.method, "request.method", out.method);
  if (status) status = read_text(request.url, "request.url", out.url);
  if (status) status = read_headers(request.headers, request.header_count, headers);
  if (status) status = read_text(request.body, "request.body", out.body);
  if (status) status = read_text(request.project, "request.project", out.project);
  if (status) status = read_text(request.scope, "request.scope", out.scope);
  if (!status) return status;
  if (out.method.empty()) return invalid_argument("request.method is empty");
  if (out.url.empty()) return invalid_argument("request.url is empty");
  out.headers = headers;
  return {};
}

namespace {

Result<std::unique_ptr<costmark_client>> make_client(const costmark_config* config) {
  if (Status status = require(config, "config"); !status) return status;
  auto core = Client::create(config->for_client());
  if (!core) return std::move(core).status();
  return std::make_unique<costmark_client>(std::move(core).value());
}

using Function = Status (Client::*)(const Request&, Prepared&);

// Prepare and check, which differ in the core's function and in whether `out` shows the result.
// Leaves `out` empty otherwise.
Status call(const costmark_client* client, const costmark_request* from, costmark_prepared* out,
            std::string_view out_name, Function function, bool shown) {
  if (Status status = require(client, "client"); !status) return status;
  if (Status status = require(out, out_name); !status) return status;
  if (Status status = Entry::check_unused(out, out_name); !status) return status;
  out->clear();
  Client& core = *client->core;
  if (Status status = Entry::check(&core); !status) return status;
  Request request;
  if (Status status = read_request(from, out->request_headers, request); !status) return status;
  const Entry entry(&core, out);  // from here on `client` may be ended by a callback
  Status status = (core.*function)(request, out->core);
  if (status && shown) out->show(&core);
  return status;
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;

costmark_status costmark_client_new(const costmark_config* config, costmark_client** out_client,
                                    costmark_error** out_error) noexcept {
  return guarded_new(out_client, out_error, [&] { return make_client(config); });
}

costmark_client* costmark_client_retain(costmark_client* client) noexcept {
  return retain(client);
}

void costmark_client_release(costmark_client* client) noexcept {
  release(client);
}

costmark_status costmark_client_prepare(const costmark_client* client,
                                        const costmark_request* request,
                                        costmark_prepared* prepared,
                                        costmark_error** out_error) noexcept {
  return guarded(out_error, [&] {
    return call(client, request, prepared, "prepared", &costmark::Client::prepare, true);
  });
}

costmark_status costmark_client_check(const costmark_client* client,
                                      const costmark_request* request, costmark_prepared* scratch,
                                      costmark_error** out_error) noexcept {
  return guarded(out_error, [&] {
    return call(client, request, scratch, "scratch", &costmark::Client::check, false);
  });
}
