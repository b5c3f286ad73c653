package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	neturl "net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	costmark "github.com/costmark/costmark/capi/go"
)

// Both signers must sign the same request the same.
func TestSignaturesAgree(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 45, 0, time.UTC)
	for _, target := range []string{
		"https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
		"https://bedrock-mantle.us-east-1.api.aws/v1/responses/resp_a%20b?b=2&a=1&a=0&c",
		"https://bedrock-mantle.us-east-1.api.aws:8443/",
	} {
		for _, token := range []string{"", "session/token=="} {
			for _, body := range []string{"", "{}", strings.Repeat("ü", 1000)} {
				t.Run(fmt.Sprintf("%s %q %d", target, token, len(body)), func(t *testing.T) {
					request, err := http.NewRequest("POST", target, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					request.Header.Set("Content-Type", "application/json")
					request.Header.Set("X-Amz-Meta", "  two   words ")
					hash := sha256.Sum256([]byte(body))
					payload := hex.EncodeToString(hash[:])
					request.Header.Set("X-Amz-Content-Sha256", payload)
					request.ContentLength = 0 // which the SDK would sign, and costmark does not
					credentials := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token}
					err = v4.NewSigner().SignHTTP(context.Background(), credentials, request, payload,
						"bedrock-mantle", "us-east-1", at)
					if err != nil {
						t.Fatal(err)
					}

					headers, err := costmark.Sign(&costmark.SignRequest{
						Method: "POST", URL: target, Region: "us-east-1", Service: "bedrock-mantle",
						Credentials: costmark.Credentials{
							AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token,
						},
						Header: http.Header{
							"Content-Type": {"application/json"}, "X-Amz-Meta": {"  two   words "},
						},
						Body: []byte(body), Time: at,
					})
					if err != nil {
						t.Fatal(err)
					}
					for _, field := range headers {
						if theirs := request.Header.Get(field.Name); theirs != field.Value {
							t.Errorf("%s\nours:   %s\ntheirs: %s", field.Name, field.Value, theirs)
						}
					}
				})
			}
		}
	}
}

// Presigned URLs too: the same signature over the same query.
func TestPresignedURLsAgree(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 45, 0, time.UTC)
	for _, target := range []string{
		"https://bedrock.us-east-1.amazonaws.com/", "https://bedrock.us-east-1.amazonaws.com/a%20b?b=2&a=1&a=0&c",
	} {
		for _, token := range []string{"", "session/token=="} {
			t.Run(fmt.Sprintf("%s %q", target, token), func(t *testing.T) {
				request, err := http.NewRequest("GET", target+separator(target)+"X-Amz-Expires=900", nil)
				if err != nil {
					t.Fatal(err)
				}
				hash := sha256.Sum256(nil)
				credentials := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token}
				theirs, _, err := v4.NewSigner().PresignHTTP(context.Background(), credentials, request,
					hex.EncodeToString(hash[:]), "bedrock", "us-east-1", at)
				if err != nil {
					t.Fatal(err)
				}
				ours, err := costmark.Presign(&costmark.SignRequest{
					Method: "GET", URL: target, Region: "us-east-1", Service: "bedrock", Time: at,
					Credentials: costmark.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token},
				}, 15*time.Minute)
				if err != nil {
					t.Fatal(err)
				}
				if signature(t, ours) != signature(t, theirs) {
					t.Errorf("\nours:   %s\ntheirs: %s", ours, theirs)
				}
			})
		}
	}
}

func separator(target string) string {
	if strings.Contains(target, "?") {
		return "&"
	}
	return "?"
}

func signature(t *testing.T, spelled string) string {
	t.Helper()
	parsed, err := neturl.Parse(spelled)
	if err != nil {
		t.Fatal(err)
	}
	signature := parsed.Query().Get("X-Amz-Signature")
	if len(signature) != 64 {
		t.Fatalf("no signature in %s", spelled)
	}
	return signature
}

// What the documentation of CredentialsCache shows.
func TestACacheUnderTheSDK(t *testing.T) {
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	cache, err := costmark.NewCredentialsCache(costmark.WithCredentials(costmark.CredentialsFunc(
		func(context.Context) (costmark.Credentials, error) {
			return costmark.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, Expires: end}, nil
		})))
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	var provider aws.CredentialsProvider = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		c, err := cache.Credentials(ctx)
		return aws.Credentials{
			AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken,
			AccountID: c.AccountID, Expires: c.Expires, CanExpire: !c.Expires.IsZero(),
		}, err
	})
	got, err := aws.NewCredentialsCache(provider).Retrieve(context.Background())
	if err != nil || got.AccessKeyID != keyID || got.SecretAccessKey != secret || !got.Expires.Equal(end) {
		t.Error(got.AccessKeyID, got.Expires, err)
	}
}
