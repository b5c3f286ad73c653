package costmark

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func newCache(t testing.TB, options ...Option) *CredentialsCache {
	t.Helper()
	cache, err := NewCredentialsCache(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cache.Close() })
	return cache
}

func TestCredentialsOfTheOptions(t *testing.T) {
	cache := newCache(t, staticKeys, Set("session_token", "session"))
	if source := cache.Source(); source != "" {
		t.Error(source)
	}
	got, err := cache.Credentials(context.Background())
	want := Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, SessionToken: "session"}
	if err != nil || got != want {
		t.Errorf("%#v %v", got, err)
	}
	if cache.Source() == "" {
		t.Error("they come from nowhere")
	}
}

func TestCredentialsOfTheEnvironment(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", accessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	t.Setenv("AWS_REGION", "eu-west-1")
	cache := newCache(t)
	got, err := cache.Credentials(context.Background())
	if err != nil || got.AccessKeyID != accessKey || cache.Source() != "environment" {
		t.Errorf("%v of %q: %v", got, cache.Source(), err)
	}
	report, err := ExplainCredentials()
	if err != nil || !report.Found || report.Region != "eu-west-1" || report.RegionOrigin != "AWS_REGION" ||
		len(report.Sources) != 1 || report.Sources[0] != (CredentialsSource{"environment", ""}) {
		t.Errorf("%+v %v", report, err)
	}
}

func TestCredentialsThatAreNowhere(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := newCache(t).Credentials(context.Background())
	if !errors.Is(err, ErrNoCredentials) {
		t.Error(err)
	}
	report, err := ExplainCredentials()
	if err != nil || report.Found || len(report.Sources) < 3 {
		t.Fatalf("%+v %v", report, err)
	}
	for _, source := range report.Sources {
		if source.Name == "" || source.Failure == "" {
			t.Errorf("%+v", source)
		}
	}
	if _, err := ExplainCredentials(Set("no_such_option", "")); !errors.Is(err, ErrInvalidOption) {
		t.Error(err)
	}
}

func TestTheProfileThatIsAskedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	text := "[other]\naws_access_key_id = " + accessKey + "\naws_secret_access_key = " + secretKey + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CONFIG_FILE", file+".none")
	got, err := newCache(t, Set("profile", "other")).Credentials(context.Background())
	if err != nil || got.AccessKeyID != accessKey {
		t.Errorf("%v %v", got, err)
	}
}

func TestACacheAsksItsProvider(t *testing.T) {
	type key struct{}
	var asked atomic.Int64
	cache := newCache(t, WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
		if ctx.Value(key{}) != 17 {
			t.Error("the context is another one")
		}
		return Credentials{
			AccessKeyID: fmt.Sprint("AKID", asked.Add(1)), SecretAccessKey: secretKey, AccountID: "111122223333",
			Expires: time.Unix(4_000_000_000, 0),
		}, nil
	})))
	ctx := context.WithValue(context.Background(), key{}, 17)
	first, err := cache.Credentials(ctx)
	if err != nil || first.AccessKeyID != "AKID1" || first.AccountID != "111122223333" ||
		!first.Expires.Equal(time.Unix(4_000_000_000, 0)) {
		t.Fatalf("%v %v", first, err)
	}
	together(20, func(int) {
		if again, err := cache.Credentials(ctx); err != nil || again != first {
			t.Errorf("%v %v", again, err)
		}
	})
	if cache.Refused(Credentials{AccessKeyID: "AKID0"}) == false {
		t.Error("older credentials: there are newer ones")
	}
	if !cache.Refused(first) {
		t.Error("no others are to be had")
	}
	if second, err := cache.Credentials(ctx); err != nil || second.AccessKeyID != "AKID2" {
		t.Errorf("%v %v", second, err)
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestACacheThatFails(t *testing.T) {
	cache := newCache(t, failing(errOurs))
	if _, err := cache.Credentials(context.Background()); !errors.Is(err, errOurs) ||
		!errors.Is(err, ErrStoppedByCallback) {
		t.Error(err)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := cache.Credentials(done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_ = cache.Close()
	_ = cache.Close()
	if _, err := cache.Credentials(context.Background()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if cache.Refused(Credentials{}) || cache.Source() != "" {
		t.Error("a closed cache answers")
	}
	if _, err := NewCredentialsCache(Set("access_key_id", accessKey)); !errors.Is(err, ErrInvalidOption) {
		t.Error(err)
	}
}

func TestCachesMayBeClosedOrForgotten(t *testing.T) {
	eventually(t, "what earlier tests made is gone", func() bool { return LiveHandles() == 0 })
	cache := newCache(t, rotating())
	together(20, func(i int) {
		if i == 0 {
			time.Sleep(time.Millisecond)
			_ = cache.Close()
			return
		}
		for {
			if _, err := cache.Credentials(context.Background()); err != nil {
				if !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				return
			}
		}
	})
	for range 5 {
		if _, err := NewCredentialsCache(rotating()); err != nil {
			t.Fatal(err)
		}
		if _, err := NewBearerTokenCache(0, rotating(), Set("region", "us-east-1")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "caches are gone", func() bool { return LiveHandles() == 0 && liveHandles.Load() == 0 })
}

var someCredentials = Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, SessionToken: "session"}

func TestABearerToken(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 45, 0, time.UTC)
	token, err := NewBearerToken(someCredentials, "us-east-1", 90*time.Minute, at)
	if err != nil || !strings.HasPrefix(token.Text, "bedrock-api-key-") || !token.Expires.Equal(at.Add(90*time.Minute)) {
		t.Fatalf("%v %v", token, err)
	}
	again, err := NewBearerToken(someCredentials, "us-east-1", 90*time.Minute, at)
	if err != nil || again != token {
		t.Error("another token for the same", err)
	}
	short := someCredentials
	short.Expires = at.Add(time.Minute)
	if token, err := NewBearerToken(short, "us-east-1", time.Hour, at); err != nil || !token.Expires.Equal(short.Expires) {
		t.Errorf("it outlives its credentials: %v %v", token, err)
	}
	var line bytes.Buffer
	slog.New(slog.NewTextHandler(&line, nil)).Info("with", "it", token)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", token, token, token, &token), line.String()} {
		if strings.Contains(text, token.Text) {
			t.Error(text)
		}
	}
}

func TestABearerTokenThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		name        string
		credentials Credentials
		region      string
		life        time.Duration
		code        Code
	}{
		{"too short", someCredentials, "us-east-1", time.Millisecond, ErrInvalidArgument},
		{"too long", someCredentials, "us-east-1", 13 * time.Hour, ErrInvalidArgument},
		{"negative", someCredentials, "us-east-1", -time.Hour, ErrInvalidArgument},
		{"no region", someCredentials, "", time.Hour, ErrInvalidArgument},
		{"no key", Credentials{SecretAccessKey: secretKey}, "us-east-1", time.Hour, ErrNoCredentials},
		{"no secret", Credentials{AccessKeyID: accessKey}, "us-east-1", time.Hour, ErrNoCredentials},
		{
			"expired", Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, Expires: time.Unix(1, 0)},
			"us-east-1", time.Hour, ErrExpiredCredentials,
		},
	} {
		if token, err := NewBearerToken(test.credentials, test.region, test.life, time.Time{}); !errors.Is(err, test.code) ||
			token != (BearerToken{}) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestACacheOfBearerTokens(t *testing.T) {
	cache, err := NewBearerTokenCache(time.Hour, rotating(), Set("region", "us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	first, err := cache.Token(context.Background())
	if err != nil || !strings.HasPrefix(first.Text, "bedrock-api-key-") {
		t.Fatal(first, err)
	}
	if again, err := cache.BearerToken(context.Background()); err != nil || again != first.Text {
		t.Error("another token for the same", err)
	}
	if !cache.Refused(first.Text) {
		t.Error("no other is to be had")
	}
	if second, err := cache.Token(context.Background()); err != nil || second.Text == first.Text {
		t.Error("the token that was refused", err)
	}
	_ = cache.Close()
	if _, err := cache.Token(context.Background()); !errors.Is(err, ErrClosed) || cache.Refused("") {
		t.Error(err)
	}
	if _, err := NewBearerTokenCache(0, rotating()); !errors.Is(err, ErrInvalidOption) {
		t.Error("there is no region: ", err)
	}
	for _, life := range []time.Duration{-1, time.Millisecond, 13 * time.Hour} {
		if _, err := NewBearerTokenCache(life, rotating(), Set("region", "us-east-1")); !errors.Is(err, ErrInvalidArgument) {
			t.Error(life, err)
		}
	}
}

func TestABearerTokenCacheUnderATransport(t *testing.T) {
	server := newServer(t, answerJSON)
	cache, err := NewBearerTokenCache(0, rotating(), Set("region", "us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	client := newClient(t, Config{"base_url": server.URL, "auth": "bearer"}, WithBearerToken(cache))
	do(t, NewTransport(client, nil), post(t, context.Background(), server.URL, plainChat))
	if got := server.received()[0].Header.Get("Authorization"); !strings.HasPrefix(got, "Bearer bedrock-api-key-") {
		t.Error(got)
	}
}

func TestPresign(t *testing.T) {
	request := &SignRequest{
		Method: "GET", URL: "https://bedrock.us-east-1.amazonaws.com/x?a=b", Region: "us-east-1", Service: "bedrock",
		Credentials: someCredentials, Time: time.Date(2026, 3, 1, 12, 30, 45, 0, time.UTC),
		Header: http.Header{"Content-Type": {"text/plain"}},
	}
	url, err := Presign(request, 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"https://bedrock.us-east-1.amazonaws.com/x?a=b&", "X-Amz-Expires=900", "X-Amz-Date=20260301T123045Z",
		"X-Amz-Security-Token=session", "X-Amz-Signature=", "X-Amz-SignedHeaders=content-type%3Bhost",
	} {
		if !strings.Contains(url, part) {
			t.Errorf("%s is missing in %s", part, url)
		}
	}
	for _, life := range []time.Duration{0, -time.Hour, time.Millisecond, 8 * 24 * time.Hour} {
		if url, err := Presign(request, life); !errors.Is(err, ErrInvalidArgument) || url != "" {
			t.Errorf("%s: %v", life, err)
		}
	}
	request.Credentials = Credentials{}
	if _, err := Presign(request, time.Hour); !errors.Is(err, ErrNoCredentials) {
		t.Error(err)
	}
}
