/* Credentials and bearer tokens without a client. */
#define _POSIX_C_SOURCE 200112L
#include "check.h"

/* What one callback saw and is to do. */
typedef struct {
  int called;
  int freed;
  costmark_status result;
  int64_t expires_unix_s;
  costmark_credentials_provider *provider; /* to be called from inside */
  bool release;                            /* it, from inside */
  costmark_status inside;
} host;

static const int64_t noon = 1700000000;

static void free_host(void *user_data) {
  ++((host *)user_data)->freed;
}

static int64_t at_noon(void *user_data) {
  (void)user_data;
  return noon;
}

static costmark_status give_credentials(void *user_data, costmark_credentials_sink *sink) {
  host *self = (host *)user_data;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  char key_id[20];
  ++self->called;
  if (self->provider != NULL) {
    costmark_credentials_set *set = (costmark_credentials_set *)sink;
    self->inside = costmark_credentials_provider_get(self->provider, &set, NULL);
    CHECK(set == NULL);
    if (self->release) costmark_credentials_provider_release(self->provider);
  }
  sprintf(key_id, "AKID%d", self->called);
  credentials.access_key_id = str(key_id);
  credentials.secret_access_key = str("not-a-real-secret");
  credentials.session_token = str("session");
  credentials.account_id = str("111122223333");
  credentials.expires_unix_s = self->expires_unix_s;
  CHECK_OK(costmark_credentials_put(sink, &credentials, &error));
  return self->result;
}

static costmark_config *bare_config(void) {
  costmark_config *config = NULL;
  CHECK_OK(costmark_config_new(&config, &error));
  CHECK_OK(costmark_config_set_clock_callback(config, at_noon, NULL, NULL, &error));
  return config;
}

static costmark_credentials_provider *provider_of(costmark_config *config) {
  costmark_credentials_provider *provider = NULL;
  CHECK_OK(costmark_credentials_provider_new(config, &provider, &error));
  costmark_config_free(config);
  return provider;
}

static costmark_credentials_provider *provider_asking(host *self) {
  costmark_config *config = bare_config();
  CHECK_OK(
      costmark_config_set_credentials_callback(config, give_credentials, self, free_host, &error));
  return provider_of(config);
}

static costmark_credentials_set *get(costmark_credentials_provider *provider) {
  costmark_credentials_set *set = NULL;
  CHECK_OK(costmark_credentials_provider_get(provider, &set, &error));
  return set;
}

static costmark_credentials view_of(const costmark_credentials_set *set) {
  costmark_credentials view = COSTMARK_CREDENTIALS_INIT;
  CHECK_OK(costmark_credentials_set_view(set, &view, &error));
  return view;
}

static void credentials_of_options(void) {
  costmark_credentials_provider *provider = provider_of(config_with(NULL));
  costmark_credentials_set *set = get(provider);
  const costmark_credentials view = view_of(set);
  size_t len = 0;
  CHECK(equal(view.access_key_id, "AKIDEXAMPLE"));
  CHECK(equal(view.secret_access_key, "not-a-real-secret"));
  CHECK(view.session_token.data == NULL && view.account_id.data == NULL);
  CHECK(view.expires_unix_s == 0);
  CHECK(strcmp(costmark_credentials_set_source(set, &len), "options") == 0 && len == 7);
  /* The same for good: a refusal cannot bring another. */
  CHECK(!costmark_credentials_provider_refused(provider, NULL));
  CHECK(costmark_credentials_provider_retain(provider) == provider);
  costmark_credentials_provider_release(provider);
  costmark_credentials_provider_release(provider);
  CHECK(equal(view_of(set).access_key_id, "AKIDEXAMPLE")); /* outlives its provider */
  costmark_credentials_set_free(set);
}

static void credentials_of_a_callback(void) {
  host self = {0, 0, COSTMARK_OK, noon + 7200, NULL, false, COSTMARK_OK};
  costmark_credentials_provider *provider = provider_asking(&self);
  costmark_credentials_set *first, *second;
  CHECK(self.called == 0);
  first = get(provider);
  second = get(provider);
  CHECK(self.called == 1);
  CHECK(equal(view_of(first).access_key_id, "AKID1"));
  CHECK(equal(view_of(first).session_token, "session"));
  CHECK(equal(view_of(first).account_id, "111122223333"));
  CHECK(view_of(first).expires_unix_s == noon + 7200);
  CHECK(strcmp(costmark_credentials_set_source(first, NULL), "callback") == 0);
  costmark_credentials_set_free(second);
  CHECK(costmark_credentials_provider_refused(provider, first));
  second = get(provider);
  CHECK(self.called == 2 && equal(view_of(second).access_key_id, "AKID2"));
  CHECK(costmark_credentials_provider_refused(provider, first)); /* gone already */
  costmark_credentials_set_free(first);
  costmark_credentials_set_free(second);
  CHECK(self.freed == 0);
  costmark_credentials_provider_release(provider);
  CHECK(self.freed == 1);
}

static void what_a_callback_returns_is_returned(void) {
  static const costmark_status results[][2] = {
      {COSTMARK_STOPPED_BY_CALLBACK, COSTMARK_STOPPED_BY_CALLBACK},
      {COSTMARK_TIMEOUT, COSTMARK_TIMEOUT},
      {COSTMARK_CANCELLED, COSTMARK_CANCELLED},
      {4711, COSTMARK_INTERNAL},
      {INT32_MIN, COSTMARK_INTERNAL}};
  size_t i;
  for (i = 0; i < sizeof results / sizeof results[0]; ++i) {
    host self = {0, 0, results[i][0], noon + 7200, NULL, false, COSTMARK_OK};
    costmark_credentials_provider *provider = provider_asking(&self);
    costmark_credentials_set *set = (costmark_credentials_set *)&self;
    CHECK_FAILS(results[i][1], costmark_credentials_provider_get(provider, &set, &error));
    CHECK(set == NULL);
    costmark_credentials_provider_release(provider);
    CHECK(self.freed == 1);
  }
}

static void calls_from_inside(void) {
  host self = {0, 0, COSTMARK_OK, noon + 7200, NULL, false, COSTMARK_OK};
  costmark_credentials_set *set;
  self.provider = provider_asking(&self);
  set = get(self.provider);
  CHECK(self.inside == COSTMARK_INVALID_ARGUMENT && self.called == 1);
  costmark_credentials_set_free(set);
  /* Given back for the last time from inside: ends when the call into it does. */
  CHECK(costmark_credentials_provider_refused(self.provider, NULL) == false);
  costmark_credentials_provider_release(self.provider);
  self.freed = self.called = 0;
  self.provider = provider_asking(&self);
  self.release = true;
  set = get(self.provider);
  CHECK(self.called == 1 && self.freed == 1);
  CHECK(equal(view_of(set).access_key_id, "AKID1"));
  costmark_credentials_set_free(set);
}

static void configurations_that_cannot_be(void) {
  static const char *const half[] = {"access_key_id", "AKIDEXAMPLE", NULL};
  static const char *const profile[] = {"profile", "dev", NULL};
  costmark_config *config = config_with(profile);
  costmark_credentials_provider *provider = (costmark_credentials_provider *)config;
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_credentials_provider_new(config, &provider, &error));
  CHECK(provider == NULL);
  costmark_config_free(config);
  config = bare_config();
  CHECK_OK(costmark_config_set(config, half[0], strlen(half[0]), half[1], strlen(half[1]), &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_credentials_provider_new(config, &provider, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_provider_new(config, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_credentials_provider_new(NULL, &provider, &error));
  costmark_config_free(config);
}

static void a_report_of_the_chain(void) {
  costmark_config *config = bare_config();
  costmark_credentials_report *report = NULL;
  size_t i, count, len = 0;
  setenv("AWS_DEFAULT_REGION", "eu-west-1", 1);
  CHECK_OK(costmark_credentials_report_new(config, &report, &error));
  count = costmark_credentials_report_count(report);
  CHECK(count > 1);
  for (i = 0; i < count; ++i) {
    CHECK(strlen(costmark_credentials_report_source(report, i, &len)) == len && len > 0);
    CHECK(strlen(costmark_credentials_report_failure(report, i, &len)) == len && len > 0);
  }
  CHECK(!costmark_credentials_report_found(report));
  CHECK(strcmp(costmark_credentials_report_source(report, count, &len), "") == 0 && len == 0);
  CHECK(strcmp(costmark_credentials_report_failure(report, SIZE_MAX, NULL), "") == 0);
  CHECK(strcmp(costmark_credentials_report_region(report, &len), "eu-west-1") == 0 && len == 9);
  CHECK(strcmp(costmark_credentials_report_region_origin(report, NULL), "AWS_DEFAULT_REGION") == 0);
  costmark_credentials_report_free(report);

  setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret", 1);
  CHECK_OK(costmark_credentials_report_new(config, &report, &error));
  CHECK(costmark_credentials_report_count(report) == 1);
  CHECK(costmark_credentials_report_found(report));
  CHECK(strcmp(costmark_credentials_report_source(report, 0, NULL), "environment") == 0);
  CHECK(strcmp(costmark_credentials_report_failure(report, 0, NULL), "") == 0);
  costmark_credentials_report_free(report);
  unsetenv("AWS_ACCESS_KEY_ID");
  unsetenv("AWS_SECRET_ACCESS_KEY");
  unsetenv("AWS_DEFAULT_REGION");

  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_report_new(NULL, &report, &error));
  CHECK(report == NULL);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_report_new(config, NULL, &error));
  costmark_config_free(config);
}

static costmark_credentials example_credentials(void) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("not-a-real-secret");
  return credentials;
}

static void a_token(void) {
  costmark_credentials credentials = example_credentials();
  costmark_bearer_token *token = NULL, *again = NULL;
  const char *text;
  size_t len = 0;
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &token, &error));
  text = costmark_bearer_token_text(token, &len);
  CHECK(strlen(text) == len && strncmp(text, "bedrock-api-key-", 16) == 0);
  CHECK(costmark_bearer_token_expires_unix_s(token) == noon + 3600);
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &again, &error));
  CHECK(strcmp(costmark_bearer_token_text(again, NULL), text) == 0);
  costmark_bearer_token_free(again);
  costmark_bearer_token_free(token);
  credentials.expires_unix_s = noon + 60;
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &token, &error));
  CHECK(costmark_bearer_token_expires_unix_s(token) == noon + 60);
  costmark_bearer_token_free(token);
}

static void tokens_that_cannot_be(void) {
  const costmark_credentials good = example_credentials();
  costmark_credentials bad = good;
  costmark_bearer_token *token = (costmark_bearer_token *)&bad;
#define FAILS(expected, credentials, region, len, life, time)                                     \
  do {                                                                                            \
    CHECK_FAILS(expected,                                                                         \
                costmark_bearer_token_new(credentials, region, len, life, time, &token, &error)); \
    CHECK(token == NULL);                                                                         \
  } while (0)
  FAILS(COSTMARK_INVALID_ARGUMENT, NULL, "us-east-1", 9, 60, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, NULL, 0, 60, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, NULL, 9, 60, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", SIZE_MAX, 60, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "", 0, 60, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us\0st-1", 7, 60, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", 9, 0, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", 9, -1, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", 9, 43201, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", 9, INT64_MAX, noon);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", 9, 60, -1);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", 9, 60, INT64_MIN);
  FAILS(COSTMARK_INVALID_ARGUMENT, &good, "us-east-1", 9, 60, INT64_MAX);
  bad.access_key_id = str("");
  FAILS(COSTMARK_NO_CREDENTIALS, &bad, "us-east-1", 9, 60, noon);
  bad = good;
  bad.expires_unix_s = 1;
  FAILS(COSTMARK_EXPIRED_CREDENTIALS, &bad, "us-east-1", 9, 60, noon);
  bad = good;
  bad.struct_size = 3;
  FAILS(COSTMARK_INVALID_ARGUMENT, &bad, "us-east-1", 9, 60, noon);
#undef FAILS
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_new(&good, "us-east-1", 9, 60, noon, NULL, &error));
}

static void tokens_of_a_provider(void) {
  host self = {0, 0, COSTMARK_OK, noon + 7200, NULL, false, COSTMARK_OK};
  costmark_config *config = bare_config();
  costmark_bearer_token_provider *provider = NULL;
  costmark_bearer_token *first = NULL, *second = NULL;
  const char *text;
  size_t len = 0;
  CHECK_OK(costmark_config_set(config, "region", 6, "eu-west-1", 9, &error));
  CHECK_OK(
      costmark_config_set_credentials_callback(config, give_credentials, &self, free_host, &error));
  CHECK_OK(costmark_bearer_token_provider_new(config, 0, &provider, &error));
  costmark_config_free(config);
  CHECK(self.called == 0);
  CHECK_OK(costmark_bearer_token_provider_get(provider, &first, &error));
  CHECK_OK(costmark_bearer_token_provider_get(provider, &second, &error));
  CHECK(self.called == 1);
  text = costmark_bearer_token_text(first, &len);
  CHECK(strcmp(text, costmark_bearer_token_text(second, NULL)) == 0);
  CHECK(costmark_bearer_token_expires_unix_s(first) == noon + 7200);
  costmark_bearer_token_free(second);
  CHECK(costmark_bearer_token_provider_refused(provider, text, len));
  CHECK_OK(costmark_bearer_token_provider_get(provider, &second, &error));
  CHECK(self.called == 2 && strcmp(text, costmark_bearer_token_text(second, NULL)) != 0);
  CHECK(!costmark_bearer_token_provider_refused(provider, NULL, 0));
  CHECK(!costmark_bearer_token_provider_refused(provider, text, SIZE_MAX));
  CHECK(costmark_bearer_token_provider_retain(provider) == provider);
  costmark_bearer_token_provider_release(provider);
  costmark_bearer_token_provider_release(provider);
  CHECK(self.freed == 1);
  CHECK(strncmp(text, "bedrock-api-key-", 16) == 0); /* outlives its provider */
  costmark_bearer_token_free(first);
  costmark_bearer_token_free(second);
}

static void token_providers_that_cannot_be(void) {
  costmark_config *config = bare_config();
  costmark_bearer_token_provider *provider = (costmark_bearer_token_provider *)config;
  costmark_bearer_token *token = (costmark_bearer_token *)config;
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_bearer_token_provider_new(config, 60, &provider, &error)); /* no region */
  CHECK(provider == NULL);
  CHECK_OK(costmark_config_set(config, "region", 6, "eu-west-1", 9, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_provider_new(config, -1, &provider, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_provider_new(config, 43201, &provider, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_provider_new(config, 60, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_provider_new(NULL, 60, &provider, &error));
  CHECK_OK(costmark_bearer_token_provider_new(config, 60, &provider, &error));
  CHECK_FAILS(COSTMARK_NO_CREDENTIALS,
              costmark_bearer_token_provider_get(provider, &token, &error));
  CHECK(token == NULL);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_provider_get(provider, NULL, &error));
  costmark_bearer_token_provider_release(provider);
  setenv("AWS_REGION", "eu-west-1", 1);
  costmark_config_free(config);
  config = bare_config();
  CHECK_OK(costmark_bearer_token_provider_new(config, 60, &provider, &error));
  unsetenv("AWS_REGION");
  costmark_bearer_token_provider_release(provider);
  costmark_config_free(config);
}

void test_providers(void) {
  credentials_of_options();
  credentials_of_a_callback();
  what_a_callback_returns_is_returned();
  calls_from_inside();
  configurations_that_cannot_be();
  a_report_of_the_chain();
  a_token();
  tokens_that_cannot_be();
  tokens_of_a_provider();
  token_providers_that_cannot_be();
}
