// Any text is a file of routes or an error that names the line; a model that is found is matched by
// the line that was found.
#include "costmark/model_routes.hpp"
#include "attribution/glob.hpp"
#include "fuzz/property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace costmark;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto routes = ModelRoutes::parse(text, "the file");
  if (!routes) {
    COSTMARK_HOLDS(routes.error().code == Code::invalid_option);
    COSTMARK_HOLDS(fuzz::is_one_line(routes.error().message));
    COSTMARK_HOLDS(routes.error().message.find("the file:") != std::string::npos);
    return 0;
  }
  const std::string_view first = std::string_view(text).substr(0, text.find_first_of(" \t\r\n"));
  for (const std::string_view model : {std::string_view("openai.gpt-oss-120b"), first}) {
    const ModelRoute* route = routes.value().find(model);
    COSTMARK_HOLDS(route == nullptr || attribution::glob_match(route->pattern, model));
    COSTMARK_HOLDS(route == nullptr || route->line > 0);
  }
  return 0;
}
