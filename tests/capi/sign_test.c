#include "check.h"

static costmark_credentials example_credentials(void) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  return credentials;
}

static costmark_sign_request example_request(const costmark_credentials *credentials) {
  costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  request.method = str("GET");
  request.url = str("https://example.amazonaws.com/");
  request.region = str("us-east-1");
  request.service = str("service");
  request.credentials = credentials;
  request.time_unix_s = 1440938160; /* 2015-08-30T12:36:00Z */
  return request;
}

static costmark_signature_view shown(const costmark_signature *signature) {
  costmark_signature_view view = COSTMARK_SIGNATURE_VIEW_INIT;
  costmark_signature_read(signature, &view);
  return view;
}

static costmark_str header(const costmark_signature *signature, const char *name) {
  const costmark_signature_view view = shown(signature);
  costmark_str value = COSTMARK_STR_INIT;
  costmark_header_find(view.headers, view.header_count, name, strlen(name), &value);
  CHECK(value.data == NULL || strlen(value.data) == value.len);
  return value;
}

static void is_empty(const costmark_signature *signature) {
  const costmark_signature_view view = shown(signature);
  CHECK(shows_nothing(&view, sizeof view));
}

/* The signature was computed with botocore's SigV4Auth for the same request. */
static void known_request(void) {
  static const char expected[] =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
      "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
      "726c5c4879a6b4ccbbd3b24edbd6b8826d34f87450fbbf4e85546fc7ba9c1642";
  const costmark_credentials credentials = example_credentials();
  const costmark_sign_request request = example_request(&credentials);
  costmark_signature *signature = NULL;
  costmark_str canonical;
  int i;
  CHECK_OK(costmark_signature_new(&signature, &error));
  is_empty(signature);
  for (i = 0; i < 3; ++i) {
    CHECK_OK(costmark_signature_sign(signature, &request, &error));
    CHECK(equal(header(signature, "authorization"), expected));
    CHECK(equal(header(signature, "x-amz-date"), "20150830T123600Z"));
  }
  canonical = shown(signature).canonical_request;
  CHECK(canonical.len > 10 &&
        memcmp(canonical.data, "GET\n/\n\nhost:example.amazonaws.com\n", 33) == 0);
  costmark_signature_free(signature);
}

static void other_credentials_give_other_signatures(void) {
  costmark_credentials credentials = example_credentials();
  costmark_sign_request request = example_request(&credentials);
  costmark_signature *signature = NULL;
  char first[512];
  costmark_str value;
  CHECK_OK(costmark_signature_new(&signature, &error));
  CHECK_OK(costmark_signature_sign(signature, &request, &error));
  value = header(signature, "authorization");
  memcpy(first, value.data, value.len);
  credentials.secret_access_key = str("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEz");
  CHECK_OK(costmark_signature_sign(signature, &request, &error));
  value = header(signature, "authorization");
  CHECK(memcmp(first, value.data, value.len) != 0);
  CHECK(header(signature, "x-amz-security-token").data == NULL);
  credentials.session_token = str("token");
  CHECK_OK(costmark_signature_sign(signature, &request, &error));
  CHECK(equal(header(signature, "x-amz-security-token"), "token"));
  request.time_unix_s = 0;
  CHECK_OK(costmark_signature_sign(signature, &request, &error));
  CHECK(memcmp(header(signature, "x-amz-date").data, "20", 2) == 0);
  CHECK(!equal(header(signature, "x-amz-date"), "20150830T123600Z"));
  costmark_signature_free(signature);
}

static void bad_requests_are_refused(void) {
  static const costmark_header bad_headers[] = {{COSTMARK_STR("x-a"), COSTMARK_STR("a\r\nb: c")}};
  static const costmark_header null_header[] = {{COSTMARK_STR("x-a"), {NULL, 3}}};
  costmark_credentials credentials = example_credentials();
  const costmark_sign_request good = example_request(&credentials);
  costmark_sign_request request = good;
  costmark_signature *signature = NULL;
  CHECK_OK(costmark_signature_new(&signature, &error));
  CHECK_OK(costmark_signature_sign(signature, &request, &error));

  request.url = str("https://");
  CHECK_FAILS(COSTMARK_INVALID_URL, costmark_signature_sign(signature, &request, &error));
  is_empty(signature);
  request = good;
  request.method = str("");
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, &request, &error));
  request = good;
  request.region = str(NULL);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, &request, &error));
  request = good;
  request.credentials = NULL;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, &request, &error));
  request = good;
  request.headers = bad_headers;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              (request.header_count = 1, costmark_signature_sign(signature, &request, &error)));
  request.headers = null_header;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, &request, &error));
  request.headers = NULL;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, &request, &error));
  request.headers = bad_headers;
  request.header_count = SIZE_MAX;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, &request, &error));
  request = good;
  request.body.data = "x";
  request.body.len = SIZE_MAX;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, &request, &error));
  request = good;
  credentials.secret_access_key = str("");
  CHECK_FAILS(COSTMARK_NO_CREDENTIALS, costmark_signature_sign(signature, &request, &error));
  credentials = example_credentials();
  credentials.expires_unix_s = 1440938159;
  CHECK_FAILS(COSTMARK_EXPIRED_CREDENTIALS, costmark_signature_sign(signature, &request, &error));
  is_empty(signature);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(signature, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_sign(NULL, &good, &error));
  costmark_signature_free(signature);
}

/* The URLs were computed with botocore's SigV4QueryAuth for the same request. */
static void known_urls(void) {
  static const char *const expected[] = {
      "https://example.amazonaws.com/a/b?x=1&a=2&X-Amz-Algorithm=AWS4-HMAC-SHA256"
      "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request"
      "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host%3Bx-amz-target"
      "&X-Amz-Signature=a984eef0589774114fcf22f3b4736a7f912ac3ab7fd7ea61f1ca63d0c600f1e0",
      "https://example.amazonaws.com/a/b?x=1&a=2&X-Amz-Algorithm=AWS4-HMAC-SHA256"
      "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request"
      "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host%3Bx-amz-target"
      "&X-Amz-Security-Token=the%2Ftoken%3D%3D"
      "&X-Amz-Signature=272eac016e1ee090c8a66c0c9d7d427e7c433b5dd5d6fb77b9880e7c0e724deb"};
  static const char *const urls[] = {"https://example.amazonaws.com/a/b?x=1&a=2",
                                     "https://example.amazonaws.com/a/b?x=1&a=2#part",
                                     "https://EXAMPLE.amazonaws.com:443/a/b?x=1&a=2"};
  static const costmark_header headers[] = {{COSTMARK_STR("X-Amz-Target"), COSTMARK_STR("T")}};
  costmark_credentials credentials = example_credentials();
  costmark_sign_request request = example_request(&credentials);
  costmark_signature *signature = NULL;
  size_t i;
  request.headers = headers;
  request.header_count = 1;
  CHECK_OK(costmark_signature_new(&signature, &error));
  for (i = 0; i < 6; ++i) {
    request.url = str(urls[i % 3]);
    credentials.session_token = str(i < 3 ? NULL : "the/token==");
    CHECK_OK(costmark_signature_presign(signature, &request, 3600, &error));
    CHECK(equal(shown(signature).url, expected[i / 3]));
    CHECK(strlen(shown(signature).url.data) == shown(signature).url.len);
    CHECK(shown(signature).headers == NULL && shown(signature).header_count == 0);
    CHECK(memcmp(shown(signature).canonical_request.data, "GET\n/a/b\n", 9) == 0);
  }
  /* One handle does both, and forgets the other. */
  CHECK_OK(costmark_signature_sign(signature, &request, &error));
  CHECK(shown(signature).url.data == NULL);
  CHECK(shown(signature).headers != NULL && shown(signature).header_count == 4);
  request.url = str("http://example.com:8080");
  CHECK_OK(costmark_signature_presign(signature, &request, 1, &error));
  CHECK(memcmp(shown(signature).url.data, "http://example.com:8080/?X-Amz-", 31) == 0);
  costmark_signature_free(signature);
}

static void presigning_that_is_refused(void) {
  const costmark_credentials credentials = example_credentials();
  const costmark_sign_request good = example_request(&credentials);
  costmark_sign_request request = good;
  costmark_signature *signature = NULL;
  static const int64_t lives[] = {-1, 604801, INT64_MAX, INT64_MIN};
  size_t i;
  CHECK_OK(costmark_signature_new(&signature, &error));
  for (i = 0; i < sizeof lives / sizeof lives[0]; ++i) {
    CHECK_OK(costmark_signature_presign(signature, &good, 604800, &error));
    CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
                costmark_signature_presign(signature, &good, lives[i], &error));
    is_empty(signature);
  }
  /* 0 is the longest life. */
  CHECK_OK(costmark_signature_presign(signature, &good, 0, &error));
  CHECK(strstr(shown(signature).url.data, "&X-Amz-Expires=604800&") != NULL);
  request.url = str("https://example.amazonaws.com/?X-Amz-Signature=left-over");
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_signature_presign(signature, &request, 60, &error));
  request.url = str("https://example.amazonaws.com:0/");
  CHECK_FAILS(COSTMARK_INVALID_URL, costmark_signature_presign(signature, &request, 60, &error));
  request = good;
  request.credentials = NULL;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_signature_presign(signature, &request, 60, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_presign(signature, NULL, 60, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_signature_presign(NULL, &good, 60, &error));
  costmark_signature_free(signature);
}

void test_sign(void) {
  known_urls();
  presigning_that_is_refused();
  known_request();
  other_credentials_give_other_signatures();
  bad_requests_are_refused();
}
