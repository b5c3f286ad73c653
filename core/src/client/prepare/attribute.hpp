#pragma once

#include <functional>

#include "attribution/chains.hpp"
#include "attribution/endpoint.hpp"
#include "attribution/route.hpp"
#include "client/prepare/prepared.hpp"
#include "client/prepare/workspace.hpp"
#include "client/settings.hpp"
#include "costmark/client.hpp"
#include "costmark/url.hpp"

namespace costmark::client {

// Whether a request is to be sent, or only to be checked.
enum class Purpose : std::uint8_t { send, check };

// The first half of `prepare`: decides about the project of a request and writes it into `out` by
// the carriers of the endpoint. A request that is only checked is not edited.
class Attributor {
 public:
  Attributor(const Settings& settings, const attribution::Chains& chains, Workspaces& workspaces)
      : settings_(settings), chains_(chains), workspaces_(workspaces) {}

  // Also where it goes: `endpoint` and `target` of `out`. Errors: those of `Way::find`, too.
  Status attribute(const Request& request, Purpose purpose, Prepared::Impl& out) const;

 private:
  struct Found;

  Status read_headers(const Request& request, Found& found) const;
  static Result<std::string_view> named_in_headers(const Found& found);
  Status read_body(const Request& request, const attribution::Route& route, Found& found,
                   Workspace& work, Prepared::Impl& out) const;
  Status open_inference_body(const Request& request, Found& found, Workspace& work,
                             Prepared::Impl& out) const;
  Status open_other_body(const Request& request, Found& found, Workspace& work,
                         Prepared::Impl& out) const;
  Status read_members(Found& found, Workspace& work, Prepared::Impl& out) const;
  static Status read_project(Found& found, Workspace& work, Api api);
  Status decide(const Request& request, const Url& url, const attribution::Endpoint& endpoint,
                const Found& found, Prepared::Impl& out) const;
  Status check_policies(const attribution::Endpoint& endpoint, const Workspace& work,
                        const Prepared::Impl& out) const;
  static Status check_profile(const Workspace& work, const Prepared::Impl& out);
  Status check_chain(const Found& found, Workspace& work, const Prepared::Impl& out) const;
  Status check_carried(const Prepared::Impl& out) const;
  attribution::Carriers carriers_of(const attribution::Endpoint& endpoint,
                                    const attribution::Route& route, const Found& found,
                                    const Prepared::Impl& out) const;
  Status carry(const attribution::Endpoint& endpoint, const attribution::Route& route,
               const Found& found, Workspace& work, Prepared::Impl& out) const;
  void carry_in_headers(const attribution::Carriers& carriers, const Found& found,
                        Prepared::Impl& out) const;
  Status carry_in_body(const attribution::Carriers& carriers, const Found& found, Workspace& work,
                       Prepared::Impl& out) const;
  Status carry_labels(const Request& request, const Found& found, Workspace& work,
                      Prepared::Impl& out) const;
  Status ask_for_usage(const Found& found, Workspace& work, Prepared::Impl& out) const;

  const Settings& settings_;
  const attribution::Chains& chains_;
  Workspaces& workspaces_;
};

}  // namespace costmark::client
