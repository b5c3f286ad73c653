#include "http/request.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/transport.hpp"

namespace costmark::http {
namespace {

using std::string_view_literals::operator""sv;

TEST(Request, MayHoldWhatHttpAllows) {
  const Header headers[] = {{"X-Text", "a\tb \xC3\xA9"}, {"X-Empty", ""}};
  EXPECT_TRUE(check_request("POST", headers).ok());
  EXPECT_TRUE(check_request("M-SEARCH", {}).ok());
}

TEST(Request, IsRefusedWithoutARepeatOfItsValues) {
  for (const std::string_view method : {""sv, "G ET"sv, "GET\r\n"sv, "GET / HTTP/1.1\r\nA:"sv}) {
    const Status status = check_request(method, {});
    ASSERT_FALSE(status.ok()) << method;
    EXPECT_EQ(status.error().code, Code::invalid_argument);
  }
  const Header headers[] = {{"A", "CANARY\r\nB: c"}, {"A", "CANARY\n"}, {"A", "CANARY\0"sv},
                            {"A:", "CANARY"},        {"A B", "CANARY"}, {"", "CANARY"}};
  for (const Header& header : headers) {
    const Status status = check_request("GET", {&header, 1});
    ASSERT_FALSE(status.ok()) << header.name;
    EXPECT_EQ(status.error().code, Code::invalid_argument);
    EXPECT_EQ(status.error().message.find("CANARY"), std::string::npos);
  }
}

TEST(Transport, ShowsTheOriginOfAUrlAlone) {
  const struct {
    const char* url;
    const char* origin;
  } cases[] = {{"https://Host.Example/path?token=CANARY", "https://host.example"},
               {"https://h:443/", "https://h"},
               {"http://h:443/", "http://h:443"},
               {"HTTP://[::1]:8080/x", "http://[::1]:8080"}};
  for (const auto& each : cases) {
    const Result<Url> url = parse_url(each.url);
    ASSERT_TRUE(url.ok()) << each.url;
    EXPECT_EQ(origin_of(url.value()), each.origin);
  }
}

}  // namespace
}  // namespace costmark::http
