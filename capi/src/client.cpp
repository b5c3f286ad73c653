#include "client.hpp"

#include "callbacks.hpp"
#include "config.hpp"
#include "guard.hpp"

namespace costmark::capi {
namespace {

Result<std::unique_ptr<costmark_client>> make_client(const costmark_config* config) {
  if (Status status = require(config, "config"); !status) return status;
  auto core = Client::create(config->for_client());
  if (!core) return std::move(core).status();
  return std::make_unique<costmark_client>(std::move(core).value());
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
