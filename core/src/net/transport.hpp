// Whole exchanges over the network.
#pragma once

#include <memory>

#include "http/transport.hpp"
#include "net/connection.hpp"
#include "net/connection_pool.hpp"

namespace costmark::net {

// Each exchange has a connection of its own, so that there is nothing to share between threads or
// with a forked child, and nothing of one exchange is left for the next. Raises no signals. Nothing
// runs between exchanges; inside one libcurl may look a host name up on a thread of its own,
// because the system's resolver knows no deadline (addresses and `localhost` need none).
std::shared_ptr<http::Transport> network_transport(ConnectionConfig config = {});

// The same over connections that are kept, for requests that may be sent twice: one that met a
// connection which the server had closed meanwhile is sent again over a new one.
std::shared_ptr<http::Transport> pooled_transport(std::shared_ptr<ConnectionPool> pool);

}  // namespace costmark::net
