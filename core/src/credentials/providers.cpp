#include "costmark/credentials_provider.hpp"

#include <utility>

#include "base/timestamp.hpp"
#include "costmark/environment.hpp"

namespace costmark {
namespace {

class StaticProvider final : public CredentialsProvider {
 public:
  explicit StaticProvider(CredentialsPtr credentials) : credentials_(std::move(credentials)) {}

  std::string_view name() const noexcept override { return "static"; }

  Result<CredentialsPtr> resolve(UnixSeconds, const Wait&) override {
    if (!credentials_) return Error{Code::no_credentials, "no static credentials were given"};
    return credentials_;
  }

 private:
  CredentialsPtr credentials_;
};

class EnvironmentProvider final : public CredentialsProvider {
 public:
  explicit EnvironmentProvider(Environment environment) : environment_(std::move(environment)) {}

  std::string_view name() const noexcept override { return "environment"; }

  Result<CredentialsPtr> resolve(UnixSeconds, const Wait&) override {
    Credentials::Fields fields;
    fields.access_key_id = read("AWS_ACCESS_KEY_ID");
    fields.secret_access_key = read("AWS_SECRET_ACCESS_KEY");
    if (fields.access_key_id.empty() && fields.secret_access_key.empty()) {
      return Error{Code::no_credentials,
                   process_environment_is_withheld()
                       ? "not read, since this program has more privileges than whoever started it"
                       : "AWS_ACCESS_KEY_ID is not set"};
    }
    if (fields.secret_access_key.empty()) {
      return Error{Code::unusable_credentials,
                   "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"};
    }
    if (fields.access_key_id.empty()) {
      return Error{Code::unusable_credentials,
                   "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not"};
    }
    // The older name first, as botocore has it.
    fields.session_token = read("AWS_SECURITY_TOKEN");
    if (fields.session_token.empty()) fields.session_token = read("AWS_SESSION_TOKEN");
    fields.account_id = read("AWS_ACCOUNT_ID");
    fields.source = name();
    if (const auto text = read("AWS_CREDENTIAL_EXPIRATION"); !text.empty()) {
      fields.expires_at = parse_timestamp(text);
      if (!fields.expires_at) {
        return Error{Code::unusable_credentials,
                     "AWS_CREDENTIAL_EXPIRATION is not a time such as 2025-01-02T03:04:05Z"};
      }
    }
    auto credentials = Credentials::create(std::move(fields));
    if (!credentials.ok()) {
      // They are here and unusable: a chain must not go on to another identity.
      return Error{Code::unusable_credentials, "environment: " + credentials.error().message};
    }
    return credentials;
  }

 private:
  // A variable that is set to nothing counts as not set, as in the AWS SDKs.
  std::string read(std::string_view variable) const {
    return environment_ ? environment_(variable).value_or(std::string()) : std::string();
  }

  Environment environment_;
};

class CallbackProvider final : public CredentialsProvider {
 public:
  explicit CallbackProvider(std::function<Result<CredentialsPtr>()> callback)
      : callback_(std::move(callback)) {}

  std::string_view name() const noexcept override { return "callback"; }

  Result<CredentialsPtr> resolve(UnixSeconds, const Wait&) override {
    if (!callback_) return Error{Code::no_credentials, "no credentials callback was given"};
    auto result = callback_();
    if (result.ok() && !result.value()) {
      return Error{Code::no_credentials, "the credentials callback returned none"};
    }
    return result;
  }

 private:
  std::function<Result<CredentialsPtr>()> callback_;
};

class ChainProvider final : public CredentialsProvider {
 public:
  explicit ChainProvider(std::vector<CredentialsProviderPtr> providers)
      : providers_(std::move(providers)) {}

  std::string_view name() const noexcept override { return "chain"; }

  Result<CredentialsPtr> resolve(UnixSeconds now, const Wait& wait) override {
    std::string tried;
    for (const auto& provider : providers_) {
      auto result = provider->resolve(now, wait);
      if (result.ok()) winner_ = provider.get();
      if (result.ok() || result.error().code != Code::no_credentials) return result;
      tried.append(tried.empty() ? "; tried " : ", ").append(provider->name());
      tried.append(" (").append(result.error().message).append(")");
    }
    return Error{Code::no_credentials, "no AWS credentials were found" + tried};
  }

  bool changed() const noexcept override { return winner_ != nullptr && winner_->changed(); }

 private:
  std::vector<CredentialsProviderPtr> providers_;
  const CredentialsProvider* winner_ = nullptr;
};

}  // namespace

CredentialsProviderPtr static_credentials(CredentialsPtr credentials) {
  return std::make_unique<StaticProvider>(std::move(credentials));
}

CredentialsProviderPtr environment_credentials(Environment environment) {
  return std::make_unique<EnvironmentProvider>(std::move(environment));
}

CredentialsProviderPtr callback_credentials(std::function<Result<CredentialsPtr>()> callback) {
  return std::make_unique<CallbackProvider>(std::move(callback));
}

CredentialsProviderPtr chain_credentials(std::vector<CredentialsProviderPtr> providers) {
  std::erase(providers, nullptr);
  return std::make_unique<ChainProvider>(std::move(providers));
}

}  // namespace costmark
