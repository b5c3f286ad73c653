package costmark

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// zeroValues are the nil and the zero value of each type that has methods.
var zeroValues = []any{
	(*Client)(nil), new(Client), (*Transport)(nil), new(Transport), (*Operation)(nil), new(Operation),
	(*CredentialsCache)(nil), new(CredentialsCache), (*BearerTokenCache)(nil), new(BearerTokenCache),
	(*PriceBook)(nil), new(PriceBook), (*Projects)(nil), new(Projects), (*Prepared)(nil), new(Prepared), (*Error)(nil), new(Error), (*PanicError)(nil), new(PanicError),
	CredentialsFunc(nil), BearerTokenFunc(nil), UsageReport(nil), Credentials{}, BearerToken{}, Settings{},
	Code(0), ProjectSource(0), API(0), Outcome(0), Step(0), Reason(0), Verdict(0), Switch(0), CostState(0), ProjectPlane(0),
}

// These have nothing to fail with, or nothing to do.
var mayReturnNil = map[string]bool{"Close": true, "Unwrap": true}

// Every exported method of a nil or zero value returns, called with nil and zero arguments and with good
// ones; if it can return an error, it does.
func TestNilAndZeroValuesGiveErrors(t *testing.T) {
	for _, value := range zeroValues {
		receiver := reflect.ValueOf(value)
		for i := range receiver.NumMethod() {
			name := fmt.Sprintf("%T.%s", value, receiver.Type().Method(i).Name)
			if receiver.Kind() == reflect.Pointer && !receiver.IsNil() {
				name = "zero " + name
			}
			t.Run(name, func(t *testing.T) {
				for _, arguments := range []func(reflect.Type) reflect.Value{reflect.Zero, goodArgument} {
					callMethod(t, receiver.Method(i), receiver.Type().Method(i).Name, arguments)
				}
			})
		}
	}
}

func callMethod(t *testing.T, method reflect.Value, name string, argument func(reflect.Type) reflect.Value) {
	defer func() {
		if panicked := recover(); panicked != nil {
			t.Errorf("panics: %v", panicked)
		}
	}()
	var arguments []reflect.Value
	for i := range method.Type().NumIn() {
		arguments = append(arguments, argument(method.Type().In(i)))
	}
	results := method.Call(arguments)
	if len(results) == 0 || mayReturnNil[name] {
		return
	}
	if last := results[len(results)-1]; last.Type() == reflect.TypeFor[error]() && last.IsNil() {
		t.Error("no error")
	}
}

// goodArgument is what a method of a good receiver takes.
func goodArgument(of reflect.Type) reflect.Value {
	for _, good := range []any{
		chatRequest(plainChat), &VerifyRequest{}, &SendOptions{}, http.Header{}, []byte("piece"), Credentials{},
	} {
		if reflect.TypeOf(good) == of {
			return reflect.ValueOf(good)
		}
	}
	if of == reflect.TypeFor[context.Context]() {
		return reflect.ValueOf(context.Background())
	}
	if of == reflect.TypeFor[*http.Request]() {
		request, _ := http.NewRequest("POST", chatURL, strings.NewReader(plainChat))
		return reflect.ValueOf(request)
	}
	return reflect.Zero(of)
}

// The table above is complete.
func TestZeroValuesHaveAllTypes(t *testing.T) {
	listed := map[string]bool{"CredentialsProvider": true, "BearerTokenProvider": true}
	for _, value := range zeroValues {
		listed[strings.TrimPrefix(strings.TrimPrefix(reflect.TypeOf(value).String(), "*"), "costmark.")] = true
	}
	packages, err := parser.ParseDir(token.NewFileSet(), ".", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range packages["costmark"].Files {
		for _, declaration := range file.Decls {
			method, is := declaration.(*ast.FuncDecl)
			if !is || method.Recv == nil || !method.Name.IsExported() {
				continue
			}
			of := strings.TrimPrefix(fmt.Sprint(receiverOf(method)), "*")
			if ast.IsExported(of) && !listed[of] && !strings.HasSuffix(of, "_test") {
				t.Errorf("%s.%s is not tried", of, method.Name.Name)
			}
		}
	}
}

func receiverOf(method *ast.FuncDecl) ast.Expr {
	if star, is := method.Recv.List[0].Type.(*ast.StarExpr); is {
		return star.X
	}
	return method.Recv.List[0].Type
}

func TestNilArguments(t *testing.T) {
	good := newClient(t, staticKeys, Set("project", "proj_c"))
	operation, err := good.Begin(context.Background(), chatRequest(plainChat))
	if err != nil {
		t.Fatal(err)
	}
	defer operation.Close()
	var none context.Context
	for name, call := range map[string]func() error{
		"Prepare without context": func() error { _, err := good.Prepare(none, chatRequest(plainChat)); return err },
		"Prepare without request": func() error { _, err := good.Prepare(context.Background(), nil); return err },
		"Begin without request":   func() error { _, err := good.Begin(context.Background(), nil); return err },
		"Send without request":    func() error { _, err := good.Send(context.Background(), nil, nil); return err },
		"Send without context":    func() error { _, err := good.Send(none, chatRequest(plainChat), nil); return err },
		"Verify without context":  func() error { _, err := good.Verify(none, nil); return err },
		"Ready without context":   func() error { return good.Ready(none) },
		"Shutdown without context": func() error {
			return newClient(t, staticKeys).Shutdown(none)
		},
		"Operation.Prepare without context": func() error { _, err := operation.Prepare(none, nil); return err },
		"RoundTrip of nothing": func() error {
			_, err := NewTransport(good, nil).RoundTrip(nil)
			return err
		},
		"RoundTrip of an empty request": func() error {
			_, err := NewTransport(good, nil).RoundTrip(new(http.Request))
			return err
		},
		"RoundTrip without client": func() error {
			_, err := NewTransport(nil, nil).RoundTrip(post(t, context.Background(), "https://"+testHost, plainChat))
			return err
		},
		"an empty request": func() error { _, err := good.Prepare(context.Background(), new(Request)); return err },
		"Sign":             func() error { _, err := Sign(nil); return err },
		"Sign nothing":     func() error { _, err := Sign(new(SignRequest)); return err },
		"Presign":          func() error { _, err := Presign(nil, time.Minute); return err },
		"SetJSON":          func() error { _, err := SetJSON(nil, "", nil, false); return err },
		"RemoveJSON":       func() error { _, err := RemoveJSON(nil, "", false); return err },
		"CheckProject":     func() error { return CheckProject("") },
		"NewBearerToken":   func() error { _, err := NewBearerToken(Credentials{}, "", 0, time.Time{}); return err },
	} {
		var typed *Error
		if err := call(); !errors.As(err, &typed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ProjectFrom(WithProject(none, "proj_a")) != "proj_a" || WithOperation(none) == nil || ProjectFrom(none) != "" {
		t.Error("a scope in no context")
	}
}

func TestNilOptions(t *testing.T) {
	client := newClient(t, nil, (*Settings)(nil), (*Config)(nil), Config(nil), staticKeys, Settings{})
	transport := NewTransport(client, nil, nil, OnExchange(nil), MaxBody(0))
	if transport.bodyLimit() != DefaultMaxBody || transport.below() != http.DefaultTransport {
		t.Error("not the defaults")
	}
	NewTransport(client, nil, MaxBody(-1)).CloseIdleConnections()
	server := newServer(t, answerJSON)
	plain := server.signing(t)
	do(t, NewTransport(plain, nil, MaxBody(0), nil), post(t, context.Background(), server.URL, plainChat))
}

func TestErrClosed(t *testing.T) {
	client := newClient(t, staticKeys)
	_ = client.Close()
	_, err := client.Prepare(context.Background(), chatRequest(plainChat))
	var typed *Error
	if err != error(ErrClosed) || !errors.As(err, &typed) || typed.RetryableError() || typed.Timeout() {
		t.Errorf("%#v", err)
	}
	retryable := &Error{Code: ErrThrottled, Retryable: true}
	if !retryable.RetryableError() {
		t.Error("not retryable")
	}
	var asked interface{ RetryableError() bool }
	if !errors.As(fmt.Errorf("around: %w", retryable), &asked) || !asked.RetryableError() {
		t.Error("not found through an interface")
	}
}
