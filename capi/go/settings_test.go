package costmark

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Every option has a field, and a value that can be set.
func TestSettingsHasEveryOption(t *testing.T) {
	names := make(map[string]reflect.StructField)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		name, _, _ := strings.Cut(field.Tag.Get("option"), ",")
		names[name] = field
	}
	types := map[OptionType][]string{
		OptionText: {"string", "[]string"}, OptionSecret: {"string"}, OptionURL: {"string"}, OptionChoice: {"string"},
		OptionList: {"[]string"}, OptionBoolean: {"costmark.Switch"}, OptionInteger: {"int", "time.Duration"},
	}
	for _, option := range Options() {
		field, has := names[option.Name]
		delete(names, option.Name)
		if !has {
			t.Errorf("Settings has no field for %s", option.Name)
			continue
		}
		if !strings.Contains(strings.Join(types[option.Type], " "), field.Type.String()) {
			t.Errorf("%s is a %s", field.Name, field.Type)
		}
		if isTime := field.Type == reflect.TypeFor[time.Duration](); isTime != strings.HasSuffix(option.Name, "_ms") {
			t.Errorf("%s is a %s", option.Name, field.Type)
		}
	}
	for name := range names {
		t.Errorf("there is no option %s", name)
	}
}

func TestSettings(t *testing.T) {
	file := t.TempDir() + "/routes"
	for _, settings := range []Settings{
		{},
		{Project: "proj_a", AllowedProjects: []string{"proj_b", "proj_a*"}, Unattributed: "refuse", Conflict: "override",
			RuntimeProject: "allow", Carrier: []string{"body", "header"}, Rules: "proj_b: model=*"},
		{BaseURL: "http://127.0.0.1:1", Endpoint: "mantle", Region: "us-east-1", Service: "x", Route: "auto", Verify: On,
			VerifyModel: "m", Auth: "sigv4"},
		{AccessKeyID: "AKID", SecretAccessKey: secretKey, SessionToken: "t"},
		{Profile: "p"},
		{BearerToken: "t", Auth: "bearer"},
		{StreamUsage: Off, StrictJSON: On, ChainMemory: -1, MaxIdleConnections: -1},
		{Timeout: time.Second, ConnectTimeout: time.Nanosecond, ReadTimeout: time.Minute, MaxAttempts: 100, HTTPVersion: "2",
			Proxy: "http://h:1", NoProxy: []string{"a", "b"}, ConnectionPool: "process", ChainMemory: 1},
	} {
		client, err := New(settings, &settings)
		if err != nil {
			t.Errorf("%s: %v", settings, err)
			continue
		}
		_ = client.Close()
	}
	for says, settings := range map[string]Settings{
		"region": {Region: "Virginia"}, "auth": {Auth: "digest"}, "comma": {AllowedProjects: []string{"a,b"}},
		"timeout_ms": {Timeout: -time.Second}, "max_attempts": {MaxAttempts: -1}, "StrictJSON": {StrictJSON: 7},
		"max_idle_connections": {MaxIdleConnections: 1001}, "routes": {Routes: file},
		"unattributed": {Unattributed: "perhaps"},
	} {
		if _, err := New(settings); !errors.Is(err, ErrInvalidOption) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// A field does what its option does.
func TestSettingsAreUsed(t *testing.T) {
	server := newServer(t, answerStream)
	client := newClient(t, Settings{BaseURL: server.URL, Project: "proj_s", Auth: "none", StreamUsage: Off})
	request := post(t, t.Context(), server.URL, streamedChat)
	do(t, NewTransport(client, nil), request)
	if got := server.received()[0].body; !strings.Contains(got, "proj_s") || strings.Contains(got, "include_usage") {
		t.Error(got)
	}
}

func TestSettingsPrintNoSecrets(t *testing.T) {
	settings := Settings{SecretAccessKey: secretKey, Project: "proj_a"}
	printed := fmt.Sprintf("%v %+v %#v %s %s", settings, settings, settings, &settings, settings.LogValue())
	if strings.Contains(printed, secretKey) || !strings.Contains(printed, "Project") {
		t.Error(printed)
	}
	if fmt.Sprint(On, Off, Unset, Switch(7)) != "on off unset 7" {
		t.Error("the names of switches")
	}
}

// What can be known is said before the first request.
func TestNewSaysWhatItKnows(t *testing.T) {
	for name, test := range map[string]struct {
		code    Code
		options Option
	}{
		"a project that is not allowed":   {ErrProjectNotAllowed, Settings{Project: "proj_b", AllowedProjects: []string{"proj_a*"}}},
		"a rule that is not allowed":      {ErrProjectNotAllowed, Settings{Rules: "proj_b: model=*", AllowedProjects: []string{"proj_a"}}},
		"a pattern that no project fits":  {ErrInvalidOption, Settings{AllowedProjects: []string{"proj_[ab]"}}},
		"no region to sign for":           {ErrInvalidOption, Settings{Auth: "sigv4", BaseURL: "http://127.0.0.1:1"}},
		"an option that there is not":     {ErrInvalidOption, Config{"projekt": "proj_a"}},
		"a host in another region":        {ErrEndpointMismatch, Settings{BaseURL: "https://" + testHost, Region: "eu-west-1"}},
		"half of a key":                   {ErrInvalidOption, Settings{AccessKeyID: "AKID"}},
		"a text that is not a project id": {ErrInvalidProject, Settings{Project: "my project"}},
	} {
		if _, err := New(test.options); !errors.Is(err, test.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
