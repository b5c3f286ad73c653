package costmark

import (
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Settings is an Option that sets options by fields with types, where Config sets them by name. A field
// that is zero is not set. What a value may be is checked by New:
//
//	client, err := costmark.New(costmark.Settings{
//		Project:         "proj_5d5ykleja6cwpirysbb7",
//		AllowedProjects: []string{"proj_*"},
//		Unattributed:    "refuse",
//		ConnectTimeout:  2 * time.Second,
//		StreamUsage:     costmark.Off,
//	})
//
// Options has the descriptions and the defaults. Printing one shows no secret.
type Settings struct {
	// Attribution.
	Project         string   `option:"project"`
	Rules           string   `option:"rules"` // such as "proj_vision: model=*vision*; proj_batch: api=responses"
	AllowedProjects []string `option:"allowed_projects"`
	Unattributed    string   `option:"unattributed"`    // "allow", "refuse", "warn"
	Conflict        string   `option:"conflict"`        // "keep", "override", "refuse"
	RuntimeProject  string   `option:"runtime_project"` // "allow", "refuse", "warn"
	Carrier         []string `option:"carrier"`         // "auto", "body", "header", "workspace"
	FreeRoutes      []string `option:"free_routes"`     // globs of paths whose requests spend nothing
	StrictRoutes    Switch   `option:"strict_routes"`   // refuse requests to unknown paths everywhere

	// The endpoint.
	BaseURL     string   `option:"base_url"`
	Hosts       []string `option:"hosts"`    // such as "gateway.example:8443"
	Endpoint    string   `option:"endpoint"` // "auto", "custom", "mantle", "runtime"
	Region      string   `option:"region"`
	Service     string   `option:"service"`
	Route       string   `option:"route"`  // "auto", "keep"
	Routes      string   `option:"routes"` // a file
	Verify      Switch   `option:"verify"`
	VerifyModel string   `option:"verify_model"`

	// Credentials.
	Auth            string `option:"auth"` // "auto", "bearer", "none", "sigv4"
	AccessKeyID     string `option:"access_key_id"`
	SecretAccessKey string `option:"secret_access_key"`
	SessionToken    string `option:"session_token"`
	BearerToken     string `option:"bearer_token"`
	Profile         string `option:"profile"`
	RoleARN         string `option:"role_arn"`
	ExternalID      string `option:"external_id"`
	RoleSessionName string `option:"role_session_name"`

	// Bodies and answers.
	StreamUsage Switch `option:"stream_usage"`
	StrictJSON  Switch `option:"strict_json"`
	ChainMemory int    `option:"chain_memory,none"` // response ids; negative: none

	// The ledger.
	Ledger      string `option:"ledger"` // a folder, or "stdout", "stderr", "fd:N"
	LedgerBegin Switch `option:"ledger_begin"`
	LedgerSync  string `option:"ledger_sync"` // "every", "interval", "never"
	Prices      string `option:"prices"`      // a file
	Lock        string `option:"lock"`        // a file: costmark.lock, for the names and tags of projects
	Tags        string `option:"tags"`        // such as "proj_a: team=search, env=prod"
	// Labels whose values the ledger keeps as HMAC-SHA-256, and the key for that.
	LedgerHashLabels []string `option:"ledger_hash_labels"`
	LedgerHashKey    string   `option:"ledger_hash_key"`
	LabelsAsMetadata Switch   `option:"labels_as_metadata"` // of Converse

	// Budgets.
	Budgets            string `option:"budgets"`              // such as "all: all 250usd/month refuse", or a file
	BudgetUnpriced     string `option:"budget_unpriced"`      // "allow", "refuse"
	BudgetOutputTokens int    `option:"budget_output_tokens"` // that a call without a limit is taken to need

	// Send and Verify. Times are rounded up to milliseconds.
	Timeout            time.Duration `option:"timeout_ms"`
	ConnectTimeout     time.Duration `option:"connect_timeout_ms"`
	ReadTimeout        time.Duration `option:"read_timeout_ms"`
	MaxAttempts        int           `option:"max_attempts"`
	HTTPVersion        string        `option:"http_version"` // "1.1", "2", "auto"
	Proxy              string        `option:"proxy"`
	NoProxy            []string      `option:"no_proxy"`
	CABundle           string        `option:"ca_bundle"`                 // a file
	ConnectionPool     string        `option:"connection_pool"`           // "client", "process"
	MaxIdleConnections int           `option:"max_idle_connections,none"` // negative: none
}

// A Switch is a boolean that may be left to the default.
type Switch int8

// The positions of a Switch.
const (
	Unset Switch = 0
	On    Switch = 1
	Off   Switch = 2
)

// String is "on", "off" or "unset".
func (s Switch) String() string {
	switch s {
	case On:
		return "on"
	case Off:
		return "off"
	case Unset:
		return "unset"
	}
	return strconv.Itoa(int(s))
}

// String names the fields that are set, without their values.
func (s Settings) String() string {
	var names []string
	value := reflect.ValueOf(s)
	for i := range value.NumField() {
		if !value.Field(i).IsZero() {
			names = append(names, value.Type().Field(i).Name)
		}
	}
	return "settings of " + strings.Join(names, ", ")
}

// GoString is String, so that %#v shows no secret either.
func (s Settings) GoString() string { return s.String() }

// LogValue is String, for slog.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s Settings) apply(b *building) error {
	value := reflect.ValueOf(s)
	for i := range value.NumField() {
		if value.Field(i).IsZero() {
			continue
		}
		field := value.Type().Field(i)
		name, how, _ := strings.Cut(field.Tag.Get("option"), ",")
		text, err := settingText(field.Name, value.Field(i).Interface(), how == "none")
		if err == nil {
			err = b.set(name, text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settingText spells the value of a field as the option table takes it.
func settingText(field string, value any, mayBeNone bool) (string, error) {
	switch value := value.(type) {
	case []string:
		return listText(field, value)
	case time.Duration:
		return strconv.FormatInt(milliseconds(value), 10), nil
	case int:
		if mayBeNone {
			value = max(value, 0)
		}
		return strconv.Itoa(value), nil
	case Switch:
		if value != On && value != Off {
			return "", refusal(ErrInvalidOption, "Settings.%s is %s; it is On, Off or Unset", field, value)
		}
		return strconv.FormatBool(value == On), nil
	}
	return value.(string), nil
}

func listText(field string, items []string) (string, error) {
	for _, item := range items {
		if strings.Contains(item, ",") {
			return "", refusal(ErrInvalidOption, "Settings.%s: %q has a comma; each item is one of the list",
				field, item)
		}
	}
	return strings.Join(items, ","), nil
}

func milliseconds(d time.Duration) int64 {
	rounded := d.Milliseconds()
	if d > time.Duration(rounded)*time.Millisecond {
		rounded++
	}
	return rounded
}
