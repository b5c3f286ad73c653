/* Credentials and bearer tokens without a client. */
#define _POSIX_C_SOURCE 200112L
#include "check.h"

/* What one callback saw and is to do. */
typedef struct {
  int called;
  int freed;
  costmark_status result;
  int64_t expires_unix_s;
  costmark_credentials_cache *cache; /* to be called from inside */
  bool release;                      /* it, from inside */
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
  if (self->cache != NULL) {
    costmark_credentials_set *set = (costmark_credentials_set *)sink;
    self->inside = costmark_credentials_cache_get(self->cache, &set, NULL);
    CHECK(set == NULL);
    if (self->release) costmark_credentials_cache_release(self->cache);
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

static costmark_credentials_cache *cache_of(costmark_config *config) {
  costmark_credentials_cache *cache = NULL;
  CHECK_OK(costmark_credentials_cache_new(config, &cache, &error));
  costmark_config_free(config);
  return cache;
}

static costmark_credentials_cache *cache_asking(host *self) {
  costmark_config *config = bare_config();
  CHECK_OK(
      costmark_config_set_credentials_callback(config, give_credentials, self, free_host, &error));
  return cache_of(config);
}

static costmark_credentials_set *get(costmark_credentials_cache *cache) {
  costmark_credentials_set *set = NULL;
  CHECK_OK(costmark_credentials_cache_get(cache, &set, &error));
  return set;
}

static costmark_credentials view_of_set(const costmark_credentials_set *set) {
  costmark_credentials view = COSTMARK_CREDENTIALS_INIT;
  costmark_credentials_set_read(set, &view);
  return view;
}

static void credentials_of_options(void) {
  costmark_credentials_cache *cache = cache_of(config_with(NULL));
  costmark_credentials_set *set = get(cache);
  const costmark_credentials view = view_of_set(set);
  CHECK(equal(view.access_key_id, "AKIDEXAMPLE"));
  CHECK(equal(view.secret_access_key, "not-a-real-secret"));
  CHECK(view.session_token.data == NULL && view.account_id.data == NULL);
  CHECK(view.expires_unix_s == 0);
  CHECK(equal(view.source, "options") && strlen(view.source.data) == 7);
  /* The same for good: a refusal cannot bring another. */
  CHECK(!costmark_credentials_cache_refused(cache, NULL));
  CHECK(costmark_credentials_cache_retain(cache) == cache);
  costmark_credentials_cache_release(cache);
  costmark_credentials_cache_release(cache);
  CHECK(equal(view_of_set(set).access_key_id, "AKIDEXAMPLE")); /* outlives its cache */
  costmark_credentials_set_free(set);
}

static void credentials_of_a_callback(void) {
  host self = {0, 0, COSTMARK_OK, noon + 7200, NULL, false, COSTMARK_OK};
  costmark_credentials_cache *cache = cache_asking(&self);
  costmark_credentials_set *first, *second;
  CHECK(self.called == 0);
  first = get(cache);
  second = get(cache);
  CHECK(self.called == 1);
  CHECK(equal(view_of_set(first).access_key_id, "AKID1"));
  CHECK(equal(view_of_set(first).session_token, "session"));
  CHECK(equal(view_of_set(first).account_id, "111122223333"));
  CHECK(view_of_set(first).expires_unix_s == noon + 7200);
  CHECK(equal(view_of_set(first).source, "callback"));
  costmark_credentials_set_free(second);
  CHECK(costmark_credentials_cache_refused(cache, first));
  second = get(cache);
  CHECK(self.called == 2 && equal(view_of_set(second).access_key_id, "AKID2"));
  CHECK(costmark_credentials_cache_refused(cache, first)); /* gone already */
  costmark_credentials_set_free(first);
  costmark_credentials_set_free(second);
  CHECK(self.freed == 0);
  costmark_credentials_cache_release(cache);
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
    costmark_credentials_cache *cache = cache_asking(&self);
    costmark_credentials_set *set = (costmark_credentials_set *)&self;
    CHECK_FAILS(results[i][1], costmark_credentials_cache_get(cache, &set, &error));
    CHECK(set == NULL);
    costmark_credentials_cache_release(cache);
    CHECK(self.freed == 1);
  }
}

static void calls_from_inside(void) {
  host self = {0, 0, COSTMARK_OK, noon + 7200, NULL, false, COSTMARK_OK};
  costmark_credentials_set *set;
  self.cache = cache_asking(&self);
  set = get(self.cache);
  CHECK(self.inside == COSTMARK_INVALID_ARGUMENT && self.called == 1);
  costmark_credentials_set_free(set);
  /* Given back for the last time from inside: ends when the call into it does. */
  CHECK(costmark_credentials_cache_refused(self.cache, NULL) == false);
  costmark_credentials_cache_release(self.cache);
  self.freed = self.called = 0;
  self.cache = cache_asking(&self);
  self.release = true;
  set = get(self.cache);
  CHECK(self.called == 1 && self.freed == 1);
  CHECK(equal(view_of_set(set).access_key_id, "AKID1"));
  costmark_credentials_set_free(set);
}

static void configurations_that_cannot_be(void) {
  static const char *const half[] = {"access_key_id", "AKIDEXAMPLE", NULL};
  static const char *const profile[] = {"profile", "dev", NULL};
  costmark_config *config = config_with(profile);
  costmark_credentials_cache *cache = (costmark_credentials_cache *)config;
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_credentials_cache_new(config, &cache, &error));
  CHECK(cache == NULL);
  costmark_config_free(config);
  config = bare_config();
  CHECK_OK(costmark_config_set(config, half[0], strlen(half[0]), half[1], strlen(half[1]), &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_credentials_cache_new(config, &cache, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_cache_new(config, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_cache_new(NULL, &cache, &error));
  costmark_config_free(config);
}

static costmark_credentials_report_view shown(const costmark_credentials_report *report) {
  costmark_credentials_report_view view = COSTMARK_CREDENTIALS_REPORT_VIEW_INIT;
  costmark_credentials_report_read(report, &view);
  return view;
}

static void a_report_of_the_chain(void) {
  costmark_config *config = bare_config();
  costmark_credentials_report *report = NULL;
  costmark_str name, failure;
  size_t i, count;
  setenv("AWS_DEFAULT_REGION", "eu-west-1", 1);
  CHECK_OK(costmark_config_explain_credentials(config, &report, &error));
  count = shown(report).source_count;
  CHECK(count > 1);
  for (i = 0; i < count; ++i) {
    costmark_credentials_report_source(report, i, &name, &failure);
    CHECK(name.len > 0 && strlen(name.data) == name.len);
    CHECK(failure.len > 0 && strlen(failure.data) == failure.len);
  }
  costmark_credentials_report_source(report, 0, NULL, NULL);
  CHECK(shown(report).found == 0);
  costmark_credentials_report_source(report, count, &name, &failure);
  CHECK(name.data == NULL && name.len == 0 && failure.data == NULL && failure.len == 0);
  costmark_credentials_report_source(report, SIZE_MAX, &name, &failure);
  CHECK(name.data == NULL && failure.data == NULL);
  CHECK(equal(shown(report).region, "eu-west-1") && strlen(shown(report).region.data) == 9);
  CHECK(equal(shown(report).region_origin, "AWS_DEFAULT_REGION"));
  costmark_credentials_report_free(report);

  setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret", 1);
  unsetenv("AWS_DEFAULT_REGION");
  CHECK_OK(costmark_config_explain_credentials(config, &report, &error));
  CHECK(shown(report).source_count == 1 && shown(report).found == 1);
  CHECK(shown(report).region.data == NULL && shown(report).region_origin.data == NULL);
  costmark_credentials_report_source(report, 0, &name, &failure);
  CHECK(equal(name, "environment") && equal(failure, ""));
  costmark_credentials_report_free(report);
  unsetenv("AWS_ACCESS_KEY_ID");
  unsetenv("AWS_SECRET_ACCESS_KEY");

  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_explain_credentials(NULL, &report, &error));
  CHECK(report == NULL);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_explain_credentials(config, NULL, &error));
  costmark_config_free(config);
}

static costmark_credentials example_credentials(void) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("not-a-real-secret");
  return credentials;
}

static costmark_bearer_token_view token_of(const costmark_bearer_token *token) {
  costmark_bearer_token_view view = COSTMARK_BEARER_TOKEN_VIEW_INIT;
  costmark_bearer_token_read(token, &view);
  return view;
}

static void a_token(void) {
  costmark_credentials credentials = example_credentials();
  costmark_bearer_token *token = NULL, *again = NULL;
  costmark_str text;
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &token, &error));
  text = token_of(token).text;
  CHECK(strlen(text.data) == text.len && strncmp(text.data, "bedrock-api-key-", 16) == 0);
  CHECK(token_of(token).expires_unix_s == noon + 3600);
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &again, &error));
  CHECK(equal(token_of(again).text, text.data));
  costmark_bearer_token_free(again);
  costmark_bearer_token_free(token);
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 0, noon, &token, &error));
  CHECK(token_of(token).expires_unix_s == noon + 43200);
  costmark_bearer_token_free(token);
  credentials.expires_unix_s = noon + 60;
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 3600, noon, &token, &error));
  CHECK(token_of(token).expires_unix_s == noon + 60);
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

static void tokens_of_a_cache(void) {
  host self = {0, 0, COSTMARK_OK, noon + 7200, NULL, false, COSTMARK_OK};
  costmark_config *config = bare_config();
  costmark_bearer_token_cache *cache = NULL;
  costmark_bearer_token *first = NULL, *second = NULL;
  costmark_str text;
  CHECK_OK(costmark_config_set(config, "region", 6, "eu-west-1", 9, &error));
  CHECK_OK(
      costmark_config_set_credentials_callback(config, give_credentials, &self, free_host, &error));
  CHECK_OK(costmark_bearer_token_cache_new(config, 0, &cache, &error));
  costmark_config_free(config);
  CHECK(self.called == 0);
  CHECK_OK(costmark_bearer_token_cache_get(cache, &first, &error));
  CHECK_OK(costmark_bearer_token_cache_get(cache, &second, &error));
  CHECK(self.called == 1);
  text = token_of(first).text;
  CHECK(equal(token_of(second).text, text.data));
  CHECK(token_of(first).expires_unix_s == noon + 7200);
  costmark_bearer_token_free(second);
  CHECK(costmark_bearer_token_cache_refused(cache, text.data, text.len));
  CHECK_OK(costmark_bearer_token_cache_get(cache, &second, &error));
  CHECK(self.called == 2 && !equal(token_of(second).text, text.data));
  CHECK(!costmark_bearer_token_cache_refused(cache, NULL, 0));
  CHECK(!costmark_bearer_token_cache_refused(cache, text.data, SIZE_MAX));
  CHECK(costmark_bearer_token_cache_retain(cache) == cache);
  costmark_bearer_token_cache_release(cache);
  costmark_bearer_token_cache_release(cache);
  CHECK(self.freed == 1);
  CHECK(strncmp(text.data, "bedrock-api-key-", 16) == 0); /* outlives its cache */
  costmark_bearer_token_free(first);
  costmark_bearer_token_free(second);
}

static void token_caches_that_cannot_be(void) {
  costmark_config *config = bare_config();
  costmark_bearer_token_cache *cache = (costmark_bearer_token_cache *)config;
  costmark_bearer_token *token = (costmark_bearer_token *)config;
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_bearer_token_cache_new(config, 60, &cache, &error)); /* no region */
  CHECK(cache == NULL);
  CHECK_OK(costmark_config_set(config, "region", 6, "eu-west-1", 9, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_cache_new(config, -1, &cache, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_bearer_token_cache_new(config, 43201, &cache, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_cache_new(config, 60, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_cache_new(NULL, 60, &cache, &error));
  CHECK_OK(costmark_bearer_token_cache_new(config, 60, &cache, &error));
  CHECK_FAILS(COSTMARK_NO_CREDENTIALS, costmark_bearer_token_cache_get(cache, &token, &error));
  CHECK(token == NULL);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_cache_get(cache, NULL, &error));
  costmark_bearer_token_cache_release(cache);
  setenv("AWS_REGION", "eu-west-1", 1);
  costmark_config_free(config);
  config = bare_config();
  CHECK_OK(costmark_bearer_token_cache_new(config, 60, &cache, &error));
  unsetenv("AWS_REGION");
  costmark_bearer_token_cache_release(cache);
  costmark_config_free(config);
}

void test_caches(void) {
  credentials_of_options();
  credentials_of_a_callback();
  what_a_callback_returns_is_returned();
  calls_from_inside();
  configurations_that_cannot_be();
  a_report_of_the_chain();
  a_token();
  tokens_that_cannot_be();
  tokens_of_a_cache();
  token_caches_that_cannot_be();
}
