// Every header-signing case of AWS's signing test suite, stage by stage.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/signing.hpp"
#include "credentials/timestamp.hpp"

namespace costmark::signing {
namespace {

namespace fs = std::filesystem;

const fs::path suite = fs::path(COSTMARK_VECTORS) / "sigv4";

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The contexts are flat enough to be read by name: every name occurs once.
std::string_view context_value(std::string_view json, std::string_view name) {
  const auto at = json.find("\"" + std::string(name) + "\":");
  if (at == std::string_view::npos) return {};
  auto value = json.substr(json.find(':', at) + 1);
  value.remove_prefix(value.find_first_not_of(" \n"));
  if (value[0] != '"') return value.substr(0, value.find_first_of(",\n }"));
  return value.substr(1, value.find('"', 1) - 1);
}

struct HttpRequest {
  std::string method, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// A recipient replaces an obsolete line folding by spaces (RFC 9112, section 5.2); the signer
// itself refuses line breaks.
HttpRequest parse(const std::string& text) {
  HttpRequest request;
  const auto line_end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, line_end);
  const auto target_start = line.find(' ') + 1;
  const auto target = line.substr(target_start, line.rfind(' ') - target_start);
  const auto question = std::min(target.find('?'), target.size());
  request.method = line.substr(0, target_start - 1);
  request.path = target.substr(0, question);
  request.query = question < target.size() ? target.substr(question + 1) : "";

  for (std::size_t i = line_end + 1; i < text.size();) {
    const auto end = std::min(text.find('\n', i), text.size());
    const auto field = text.substr(i, end - i);
    i = end + 1;
    if (field.empty()) {
      request.body = i < text.size() ? text.substr(i) : "";
      break;
    }
    if (field[0] == ' ') {
      request.headers.back().second += field;
    } else {
      const auto colon = field.find(':');
      request.headers.emplace_back(field.substr(0, colon), field.substr(colon + 1));
    }
  }
  return request;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<std::string> sorted_fields(const HttpRequest& request) {
  std::vector<std::string> fields;
  for (const auto& [name, value] : request.headers) fields.push_back(lower(name) + ":" + value);
  std::sort(fields.begin(), fields.end());
  return fields;
}

struct Case {
  HttpRequest request;
  CredentialsPtr credentials;
  std::string region, service;
  UnixSeconds now;
  Options options;
};

Case load(const fs::path& folder) {
  const auto context = read(folder / "context.json");
  const auto value = [&](std::string_view name) {
    return std::string(context_value(context, name));
  };
  Case result;
  result.request = parse(read(folder / "request.txt"));
  result.credentials = Credentials::create({value("access_key_id"), value("secret_access_key"),
                                            value("token"), std::nullopt, "", "vector"})
                           .value();
  result.region = value("region");
  result.service = value("service");
  const auto now = parse_timestamp(value("timestamp"));
  EXPECT_TRUE(now) << folder;
  result.now = now.value_or(0);
  result.options.normalize_path = value("normalize") == "true";
  result.options.sign_content_sha256 = value("sign_body") == "true";
  result.options.sign_security_token = value("omit_session_token") != "true";
  result.options.encode_query = true;
  return result;
}

void sign(const Case& c, Signature& out) {
  std::vector<Header> headers;
  for (const auto& [name, value] : c.request.headers) headers.push_back({name, value});
  PayloadHash hash;
  ASSERT_TRUE(PayloadHasher().hash(c.request.body, hash).ok());
  const auto status =
      Signer().sign({c.request.method, "", c.request.path, c.request.query, headers}, hash,
                    *c.credentials, {c.region, c.service}, c.now, c.options, out);
  ASSERT_TRUE(status.ok()) << status.error().message;
}

void check_stages(const fs::path& folder, const Signature& signature) {
  EXPECT_EQ(signature.canonical_request(), read(folder / "header-canonical-request.txt"));
  EXPECT_EQ(signature.string_to_sign(), read(folder / "header-string-to-sign.txt"));
  EXPECT_EQ(signature.signature(), read(folder / "header-signature.txt"));
}

void check(const fs::path& folder) {
  SCOPED_TRACE(folder.filename().string());
  auto c = load(folder);
  Signature signature;
  ASSERT_NO_FATAL_FAILURE(sign(c, signature));
  check_stages(folder, signature);

  auto ours = c.request;
  for (const auto& header : signature.headers()) {
    ours.headers.emplace_back(header.name, header.value);
  }
  EXPECT_EQ(sorted_fields(ours), sorted_fields(parse(read(folder / "header-signed-request.txt"))));

  // The way of botocore gives the same wherever the query is strictly encoded.
  const bool ascii = std::all_of(c.request.query.begin(), c.request.query.end(),
                                 [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
  if (!ascii) return;
  c.options.encode_query = false;
  ASSERT_NO_FATAL_FAILURE(sign(c, signature));
  check_stages(folder, signature);
}

TEST(AwsSigningTestSuite, EveryHeaderCase) {
  if (!fs::exists(suite)) GTEST_SKIP() << "no vectors at " << suite;
  int cases = 0;
  for (const auto& folder : fs::directory_iterator(suite)) {
    if (!fs::exists(folder.path() / "header-signature.txt")) continue;
    check(folder.path());
    ++cases;
  }
  EXPECT_GE(cases, 38);
}

}  // namespace
}  // namespace costmark::signing
