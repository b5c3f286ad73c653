// Sends a chat completion through costmark.hpp, writes its stream to stdout as it comes, and
// prints on stderr what each attempt used.
//
//     g++ -std=c++17 send.cpp $(pkg-config --cflags --libs costmark) -o send
//     ./send proj_abc123 [URL]
#include <costmark/costmark.hpp>
#include <iostream>
#include <stdexcept>
#include <string_view>

namespace cm = costmark::sdk;

namespace {

cm::Client make_client(std::string_view project) {
  cm::Config config{{"project", project}};
  config.on_log([](costmark_log_level, std::string_view line) { std::cerr << line << '\n'; });
  config.on_usage([](const cm::Answer& ended) {
    if (ended.project_source == COSTMARK_SOURCE_NONE)
      std::cerr << "the default project pays: the first argument names another one\n";
    std::cerr << ended.project << ": " << ended.usage.input_tokens << " tokens in, "
              << ended.usage.output_tokens << " out; " << cm::outcome_name(ended.outcome) << '\n';
  });
  return cm::Client(config);
}

}  // namespace

int main(int argc, char** argv) {
  cm::Request request;
  request.url = argc > 2 ? argv[2] : "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  request.body = R"({"model": "openai.gpt-oss-20b", "stream": true,)"
                 R"( "messages": [{"role": "user", "content": "Why is the sky blue?"}]})";
  const cm::Headers headers{{"Content-Type", "application/json"}};
  request.headers = headers;

  try {
    const cm::Client client = make_client(argc > 1 ? argv[1] : "");
    cm::Operation call(client);
    call.begin(request);
    call.send(cm::SendOptions().on_body([](std::string_view piece) {
      if (!std::cout.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush())
        throw std::runtime_error("stdout does not take the answer");
    }));
  } catch (const cm::Error& error) {
    std::cerr << error.status_name() << ": " << error.what() << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
