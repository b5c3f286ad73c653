package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"cmp"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
)

// An Option says what a client is to do; see New.
type Option interface {
	apply(*building) error
}

type optionFunc func(*building) error

func (f optionFunc) apply(b *building) error { return f(b) }

// Config is an Option that sets options by name, such as "region": "us-east-1". Options lists them.
type Config map[string]string

func (c Config) apply(b *building) error {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if err := b.set(name, c[name]); err != nil {
			return err
		}
	}
	return nil
}

// Set is an Option that sets one option by name. Values are text: "true", "10000", "a,b".
func Set(name, value string) Option {
	return optionFunc(func(b *building) error { return b.set(name, value) })
}

// WithCredentials lets a client ask this program for AWS credentials, in place of the option table's
// and of the default chain.
func WithCredentials(provider CredentialsProvider) Option {
	return optionFunc(func(b *building) error {
		if provider == nil {
			return refusal(ErrInvalidArgument, "WithCredentials was given no provider")
		}
		return b.setCredentials(provider)
	})
}

// WithBearerToken lets a client ask this program for bearer tokens, such as a BearerTokenCache.
func WithBearerToken(provider BearerTokenProvider) Option {
	return optionFunc(func(b *building) error {
		if provider == nil {
			return refusal(ErrInvalidArgument, "WithBearerToken was given no provider")
		}
		return b.setBearerToken(provider)
	})
}

// WithAPIKey tells which API key the SDK above carries, where the requests themselves do not show it.
// With auth=auto it counts as a bearer token if it looks like one of Bedrock's.
func WithAPIKey(key string) Option {
	return optionFunc(func(b *building) error {
		data, length := text(key)
		var err *C.costmark_error
		if status := C.costmark_config_set_host_api_key(b.config, data, length, &err); status != 0 {
			return takeError(status, err)
		}
		return nil
	})
}

// WithLogger sets the logger of a client; without one, log lines are discarded. The context is that of
// the call during which a line is logged. A logger must not panic: what it panics with is dropped.
func WithLogger(logger *slog.Logger) Option {
	return optionFunc(func(b *building) error {
		if logger == nil {
			return refusal(ErrInvalidArgument, "WithLogger was given no logger")
		}
		return b.setLogger(logger)
	})
}

// WithClock lets a client ask this program for the time, and not the system: for programs that correct
// the system's clock, and for tests. The function is called by several goroutines at once, within calls
// of the client. It must not use the client, nor panic: then, and for a time outside of the years 1970
// to 9999, nothing can be signed.
func WithClock(now func() time.Time) Option {
	return optionFunc(func(b *building) error {
		if now == nil {
			return refusal(ErrInvalidArgument, "WithClock was given no function")
		}
		return b.setClock(now)
	})
}

// WithUsage has a function called with every attempt of an inference request when it ends, and with the
// end of every background response that this process sees, after it was counted, on the goroutine that
// ends it: the one that reads an answer to its end, closes it, or is in Send. (For an answer that was
// forgotten it is one of the runtime's.) The function may be called by several goroutines at once. It
// must not use the client, nor wait for a goroutine that does; what it panics with is dropped.
func WithUsage(ended func(Answer)) Option {
	return optionFunc(func(b *building) error {
		if ended == nil {
			return refusal(ErrInvalidArgument, "WithUsage was given no function")
		}
		return b.setUsage(ended)
	})
}

// OptionType is the type of an option's value.
type OptionType int32

// Values are always passed as text.
const (
	OptionUnknown OptionType = 0
	OptionText    OptionType = 1 // UTF-8 without control characters
	OptionSecret  OptionType = 2 // text that is never shown
	OptionBoolean OptionType = 3 // true or false; also 1/0, yes/no, on/off
	OptionInteger OptionType = 4 // decimal, from Minimum to Maximum
	OptionChoice  OptionType = 5 // one of Choices
	OptionList    OptionType = 6 // texts separated by commas
	OptionURL     OptionType = 7 // an absolute http or https URL
)

// OptionInfo describes one option.
type OptionInfo struct {
	Name        string // such as "region"; COSTMARK_REGION in the environment
	Type        OptionType
	Default     string
	Choices     []string // of choices and some lists
	Minimum     int64    // of integers
	Maximum     int64    // of integers
	Description string
}

// Options is the table of options, sorted by name.
func Options() []OptionInfo {
	count := int(C.costmark_option_count())
	table := make([]OptionInfo, 0, count)
	for i := range count {
		info := C.costmark_option{struct_size: C.sizeof_costmark_option}
		C.costmark_option_read(C.size_t(i), &info)
		option := OptionInfo{
			Name:        goString(info.name),
			Type:        OptionType(info._type),
			Default:     goString(info.default_value),
			Minimum:     int64(info.minimum),
			Maximum:     int64(info.maximum),
			Description: goString(info.description),
		}
		if choices := goString(info.choices); choices != "" {
			option.Choices = strings.Split(choices, "|")
		}
		table = append(table, option)
	}
	return table
}

// building is a configuration while options are applied to it.
type building struct {
	config *C.costmark_config
	hooks  *hooks

	baseURL, region string // as they were set last
}

// readyURL is that of a request which costs nothing, at the endpoint that the options name.
func (b *building) readyURL() string {
	base, region := cmp.Or(b.baseURL, os.Getenv("COSTMARK_BASE_URL")), cmp.Or(b.region, os.Getenv("COSTMARK_REGION"))
	if base == "" {
		base = "https://bedrock-mantle." + cmp.Or(region, "us-east-1") + ".api.aws/v1"
	}
	return strings.TrimSuffix(base, "/") + "/models"
}

func configure(options []Option) (*building, error) {
	if running := uint32(C.costmark_abi_version()); running != C.COSTMARK_ABI_VERSION {
		return nil, refusal(ErrInternal,
			"the program was built for ABI %d of libcostmark and runs with ABI %d",
			int(C.COSTMARK_ABI_VERSION), running)
	}
	var failure *C.costmark_error
	b := &building{hooks: new(hooks)}
	if status := C.costmark_config_new(&b.config, &failure); status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	for _, option := range options {
		if isNil(option) {
			continue
		}
		if err := option.apply(b); err != nil {
			b.free()
			return nil, err
		}
	}
	return b, nil
}

// isNil tells whether an option is nil, or a nil pointer to one.
func isNil(option Option) bool {
	if option == nil {
		return true
	}
	value := reflect.ValueOf(option)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

func (b *building) free() { C.costmark_config_free(b.config) }

func (b *building) set(name, value string) error {
	nameData, nameLength := text(name)
	if nameData == nil {
		return refusal(ErrInvalidOption, "the name of an option is empty")
	}
	valueData, valueLength := text(value)
	var err *C.costmark_error
	status := C.costmark_config_set(b.config, nameData, nameLength, valueData, valueLength, &err)
	if status != C.COSTMARK_OK {
		return takeError(status, err)
	}
	switch name {
	case "base_url":
		b.baseURL = value
	case "region":
		b.region = value
	}
	return nil
}
