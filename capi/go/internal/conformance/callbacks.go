package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	costmark "github.com/costmark/costmark/capi/go"
)

// source gives one value of a case after the other, the last one again and again.
type source[Value any] struct {
	values []Value

	mu      sync.Mutex
	given   int
	refused []string
}

func (s *source[Value]) next() Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := s.values[min(s.given, len(s.values)-1)]
	s.given++
	return value
}

type credentials struct{ source[keys] }

// Credentials is what the client asks.
func (c *credentials) Credentials(context.Context) (costmark.Credentials, error) {
	value := c.next()
	if value.Error != "" {
		return costmark.Credentials{}, codeNamed(value.Error)
	}
	made := costmark.Credentials{
		AccessKeyID:     value.AccessKeyID,
		SecretAccessKey: value.SecretAccessKey,
		SessionToken:    value.SessionToken,
	}
	if value.ExpiresIn != nil {
		made.Expires = time.Now().Add(time.Duration(*value.ExpiresIn) * time.Second)
	}
	return made, nil
}

type tokens struct{ source[token] }

// BearerToken is what the client asks.
func (t *tokens) BearerToken(context.Context) (string, error) {
	value := t.next()
	if value.Error != "" {
		return "", codeNamed(value.Error)
	}
	return value.Token, nil
}

// Refused is told of tokens that the service refused.
func (t *tokens) Refused(refused string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = append(t.refused, refused)
	return true
}

// codeNamed is the code of a name, such as "no_credentials".
func codeNamed(name string) error {
	for code := costmark.ErrInvalidArgument; code <= costmark.ErrWouldBlock; code++ {
		if code.String() == name {
			return code
		}
	}
	return fmt.Errorf("the case names the code %q, which is not one", name)
}
