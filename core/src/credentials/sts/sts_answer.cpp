#include "credentials/sts/sts_answer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "cleanse.hpp"
#include "credentials/sts/xml.hpp"
#include "http/field.hpp"
#include "timestamp.hpp"

namespace costmark::sts {
namespace {

Status unreadable(std::string what) {
  return {Code::service, std::move(what)};
}

// The fifth part of "arn:aws:sts::111122223333:assumed-role/NAME/SESSION".
std::string account_of(std::string_view arn) {
  if (!arn.starts_with("arn:")) return {};
  for (int i = 0; i < 4; ++i) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  const std::size_t end = arn.find(':');
  if (end == std::string_view::npos) return {};
  return std::string(http::plain_id(arn.substr(0, end)));
}

// What is read of an answer, cleansed whenever it goes.
struct Found {
  struct Leaf {
    std::string_view path;  // below the element of the result
    std::string text;
    bool seen = false;
  };
  std::array<Leaf, 5> leaves{{{"Credentials/AccessKeyId", {}},
                              {"Credentials/SecretAccessKey", {}},
                              {"Credentials/SessionToken", {}},
                              {"Credentials/Expiration", {}},
                              {"AssumedRoleUser/Arn", {}}}};
  bool doubled = false;

  Found() = default;
  ~Found() {
    for (Leaf& leaf : leaves) cleanse(leaf.text);
  }
  Found(const Found&) = delete;
  Found& operator=(const Found&) = delete;

  void take(std::string_view path, const std::string& text) {
    for (Leaf& leaf : leaves) {
      if (leaf.path != path) continue;
      doubled = doubled || leaf.seen;
      leaf.text = text;
      leaf.seen = true;
    }
  }
};

}  // namespace

Result<CredentialsPtr> read_credentials(std::string_view body, std::string_view action,
                                        std::string source) {
  Found found;
  const std::string result = std::string(action) + "Result/";
  const Status status = xml::read(body, [&](std::string_view path, const std::string& text) {
    const std::size_t root = path.find('/');
    if (root == std::string_view::npos) return;
    path.remove_prefix(root + 1);
    if (path.starts_with(result)) found.take(path.substr(result.size()), text);
  });
  if (!status) return unreadable(status.error().message);
  if (found.doubled) return unreadable("it names something twice");
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& leaf = found.leaves.at(i);
    if (leaf.text.empty()) return unreadable("it has no " + std::string(leaf.path));
  }
  Credentials::Fields fields;
  fields.expires_at = parse_timestamp(found.leaves[3].text);
  if (!fields.expires_at) {
    return unreadable("its Credentials/Expiration is no time such as 2025-01-02T03:04:05Z");
  }
  fields.access_key_id = std::move(found.leaves[0].text);
  fields.secret_access_key = std::move(found.leaves[1].text);
  fields.session_token = std::move(found.leaves[2].text);
  fields.account_id = account_of(found.leaves[4].text);
  fields.source = std::move(source);
  auto credentials = Credentials::create(std::move(fields));
  if (!credentials) return unreadable(credentials.error().message);
  return credentials;
}

}  // namespace costmark::sts
