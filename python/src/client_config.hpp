// What clients, and what speaks for them, are made of.
#pragma once

#include "bindings.hpp"
#include "callbacks.hpp"
#include "costmark/client.hpp"

namespace costmark::python {

// As the constructors of the module take it; None for what is not given.
struct GivenConfig {
  const py::dict& options;
  const py::object& credentials;
  const py::object& bearer_token;
  const py::object& bearer_token_refused;
  const py::object& log;
  const py::object& environment;
};

// Raises what is wrong with an option. `kept` lives as long as what is made of the config.
ClientConfig client_config(const GivenConfig& given, KeptCallbacks& kept);

}  // namespace costmark::python
