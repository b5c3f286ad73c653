// Whole exchanges over the network.
#pragma once

#include <memory>

#include "http/transport.hpp"
#include "net/connection.hpp"

namespace costmark::net {

// Each exchange has a connection of its own, so that there is nothing to share between threads or
// with a forked child, and nothing of one exchange is left for the next. Raises no signals. Nothing
// runs between exchanges; inside one libcurl may look a host name up on a thread of its own,
// because the system's resolver knows no deadline (addresses and `localhost` need none).
std::shared_ptr<http::Transport> network_transport(ConnectionConfig config = {});

}  // namespace costmark::net
