// A client reads where a request goes once for all that go there, one after the other: none of them
// may go the way of another one.
#include <memory>
#include <string>
#include <vector>

#include "core/client/client_fixture.hpp"

namespace costmark::testing {
namespace {

const std::string runtime = "https://bedrock-runtime.us-east-1.amazonaws.com";
const std::string mantle = "https://bedrock-mantle.us-east-1.api.aws";

struct Asked {
  std::string method;
  std::string url;
  std::string body;
};

std::vector<Asked> requests() {
  const std::string body = R"({"model":"m","messages":[],"stream":true})";
  return {
      {"POST", runtime + "/model/a/converse", body},
      {"POST", runtime + "/model/b/converse", body},
      {"POST", runtime + "/model/a/converse-stream", body},
      {"POST", runtime + "/model/a/invoke", body},
      {"POST", runtime + "/model/a/converse?x=1", body},
      {"POST", runtime + "/model/a/converse?x=2", body},
      {"POST", runtime + "/model/a/converse", ""},
      {"GET", runtime + "/model/a/converse", ""},
      {"GET", runtime + "/model/a/converse", body},
      {"POST", "http://127.0.0.1:8080/model/a/converse", body},
      {"POST", "http://127.0.0.1:8081/model/a/converse", body},
      {"POST", mantle + "/v1/chat/completions", body},
      {"POST", mantle + "/openai/v1/chat/completions", body},
      {"POST", mantle + "/v1/responses", body},
      {"GET", mantle + "/v1/responses/resp_1", ""},
      {"DELETE", mantle + "/v1/responses/resp_1", ""},
      {"GET", mantle + "/v1/models", ""},
      {"POST", "https://bedrock-mantle.eu-west-1.api.aws/v1/chat/completions", body},
      {"POST", "https://api.openai.com/v1/chat/completions", body},
      {"POST",
       runtime + "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3A" +
           "application-inference-profile%2Fp1/converse",
       body},
      {"POST", "not a URL", body},
  };
}

// All that is known of a request then.
std::string seen(Client& client, const Asked& asked) {
  const std::vector<Header> headers{{"Content-Type", "application/json"}};
  // Copies of its own, which are gone afterwards: nothing later may look into them.
  const auto url = std::make_unique<std::string>(asked.url);
  Request request{asked.method, *url, headers, asked.body, {}, {}};
  Operation operation = client.operation();
  Status status = operation.begin(request);
  if (status) status = operation.prepare();
  if (!status) return std::string(to_string(status.error().code)) + ": " + status.error().message;
  const Prepared& made = operation.prepared();
  std::string text(to_string(made.api()));
  for (const std::string_view part :
       {made.model(), made.project(), made.url(), made.hint(), made.body()}) {
    text.append("|").append(part);
  }
  for (const bool flag : {made.streamed(), made.unattributed(), made.unrecognized()}) {
    text += flag ? "|yes" : "|no";
  }
  for (const Header& header : made.headers_to_set()) {
    text.append("|").append(header.name).append(":").append(header.value);
  }
  return text;
}

void each_goes_its_own_way(const OptionValues& options) {
  std::vector<std::string> alone;
  for (const Asked& asked : requests()) alone.push_back(seen(*client_of(options), asked));
  const auto client = client_of(options);
  for (std::size_t first = 0; first < alone.size(); ++first) {
    for (std::size_t second = 0; second < alone.size(); ++second) {
      EXPECT_EQ(seen(*client, requests()[first]), alone[first]) << first;
      EXPECT_EQ(seen(*client, requests()[second]), alone[second]) << second << " after " << first;
      EXPECT_EQ(seen(*client, requests()[second]), alone[second]) << second << " once more";
    }
  }
}

TEST(Way, IsThatOfTheRequestAndOfNoneBefore) {
  each_goes_its_own_way(with_keys({{"project", "proj_a"}}));
}

TEST(Way, IsThatOfTheRequestUnderPolicies) {
  each_goes_its_own_way(with_keys({{"unattributed", "refuse"},
                                   {"strict_routes", "true"},
                                   {"free_routes", "/v1/models"},
                                   {"route", "auto"},
                                   {"rules", "proj_a: model=a"}}));
}

TEST(Way, IsThatOfTheRequestWhereNothingIsSigned) {
  each_goes_its_own_way({{"auth", "none"}, {"project", "proj_a"}, {"unattributed", "refuse"}});
}

TEST(Way, IsThatOfItsOwnClient) {
  const auto free = client_of({{"auth", "none"}, {"free_routes", "/v1/anything"}});
  const auto strict = client_of({{"auth", "none"}, {"strict_routes", "true"}});
  const Asked asked{"POST", mantle + "/v1/anything", "{}"};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(seen(*free, asked).substr(0, 6), "other|");
    EXPECT_EQ(seen(*strict, asked).substr(0, 13), "unattributed:");
  }
}

}  // namespace
}  // namespace costmark::testing
