// Every case of AWS's signing test suite, header and query, stage by stage.
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

#include "base/timestamp.hpp"
#include "costmark/signing.hpp"

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
  std::int64_t expires_in_s;
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
  result.expires_in_s = std::stoll(value("expiration_in_seconds"));
  result.options.normalize_path = value("normalize") == "true";
  result.options.sign_content_sha256 = value("sign_body") == "true";
  result.options.sign_security_token = value("omit_session_token") != "true";
  result.options.encode_query = true;
  return result;
}

enum class Into { headers, query };

void sign(const Case& c, Into where, Signature& out) {
  std::vector<Header> headers;
  for (const auto& [name, value] : c.request.headers) headers.push_back({name, value});
  const Request request{c.request.method, "", c.request.path, c.request.query, headers};
  const Scope scope{c.region, c.service};
  PayloadHash hash;
  ASSERT_TRUE(PayloadHasher().hash(c.request.body, hash).ok());
  const auto status =
      where == Into::headers
          ? Signer().sign(request, hash, *c.credentials, scope, c.now, c.options, out)
          : Signer().presign(request, hash, *c.credentials, scope, c.now, c.expires_in_s, c.options,
                             out);
  ASSERT_TRUE(status.ok()) << status.error().message;
}

void check_stages(const fs::path& folder, Into where, const Signature& signature) {
  const auto expected = [&](const std::string& stage) {
    return read(folder / ((where == Into::headers ? "header-" : "query-") + stage + ".txt"));
  };
  EXPECT_EQ(signature.canonical_request(), expected("canonical-request"));
  EXPECT_EQ(signature.string_to_sign(), expected("string-to-sign"));
  EXPECT_EQ(signature.signature(), expected("signature"));
}

// The way of botocore gives the same wherever the query is strictly encoded.
bool strictly_encoded(const std::string& query) {
  return std::all_of(query.begin(), query.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

void check_headers(const fs::path& folder) {
  SCOPED_TRACE(folder.filename().string());
  auto c = load(folder);
  Signature signature;
  ASSERT_NO_FATAL_FAILURE(sign(c, Into::headers, signature));
  check_stages(folder, Into::headers, signature);
  EXPECT_EQ(signature.query(), "");

  auto ours = c.request;
  for (const auto& header : signature.headers()) {
    ours.headers.emplace_back(header.name, header.value);
  }
  EXPECT_EQ(sorted_fields(ours), sorted_fields(parse(read(folder / "header-signed-request.txt"))));

  if (!strictly_encoded(c.request.query)) return;
  c.options.encode_query = false;
  ASSERT_NO_FATAL_FAILURE(sign(c, Into::headers, signature));
  check_stages(folder, Into::headers, signature);
}

// The parameters of a query, sorted: the suite writes SignedHeaders before Expires, botocore the
// other way around. Their place does not matter to a recipient.
std::vector<std::string> sorted_parameters(std::string_view query) {
  std::vector<std::string> parameters;
  for (std::size_t i = 0; i <= query.size();) {
    const auto end = std::min(query.find('&', i), query.size());
    parameters.emplace_back(query.substr(i, end - i));
    i = end + 1;
  }
  std::sort(parameters.begin(), parameters.end());
  return parameters;
}

void check_query(const fs::path& folder) {
  SCOPED_TRACE(folder.filename().string());
  auto c = load(folder);
  Signature signature;
  ASSERT_NO_FATAL_FAILURE(sign(c, Into::query, signature));
  check_stages(folder, Into::query, signature);
  EXPECT_TRUE(signature.headers().empty());
  EXPECT_TRUE(signature.query().starts_with(c.request.query));

  const auto expected = parse(read(folder / "query-signed-request.txt"));
  EXPECT_EQ(sorted_fields(c.request), sorted_fields(expected));

  if (!strictly_encoded(c.request.query)) return;
  EXPECT_EQ(sorted_parameters(signature.query()), sorted_parameters(expected.query));
  c.options.encode_query = false;
  ASSERT_NO_FATAL_FAILURE(sign(c, Into::query, signature));
  check_stages(folder, Into::query, signature);
}

TEST(AwsSigningTestSuite, EveryHeaderCase) {
  if (!fs::exists(suite)) GTEST_SKIP() << "no vectors at " << suite;
  int cases = 0;
  for (const auto& folder : fs::directory_iterator(suite)) {
    if (!fs::exists(folder.path() / "header-signature.txt")) continue;
    check_headers(folder.path());
    ++cases;
  }
  EXPECT_GE(cases, 38);
}

TEST(AwsSigningTestSuite, EveryQueryCase) {
  if (!fs::exists(suite)) GTEST_SKIP() << "no vectors at " << suite;
  int cases = 0;
  for (const auto& folder : fs::directory_iterator(suite)) {
    if (!fs::exists(folder.path() / "query-signature.txt")) continue;
    check_query(folder.path());
    ++cases;
  }
  EXPECT_GE(cases, 38);
}

}  // namespace
}  // namespace costmark::signing
