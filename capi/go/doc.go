// Package costmark marks every Amazon Bedrock call of a Go program with the project that pays for it.
//
// It writes the project into a request, signs the request, hands it back to be sent or sends it itself,
// and reads the usage out of the answer. It is the Go side of libcostmark, a C library, and calls it
// through cgo. It prints nothing. A client has goroutines only while calls are running.
//
// # Under an HTTP client
//
// A [Transport] is an [net/http.RoundTripper], so every program that uses an [net/http.Client] can be
// attributed, openai-go and anthropic-sdk-go included:
//
//	client, err := costmark.New(costmark.Config{
//		"project":      "proj_5d5ykleja6cwpirysbb7",
//		"unattributed": "refuse",
//	})
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//
//	sdk := openai.NewClient(
//		option.WithBaseURL("https://bedrock-mantle.us-east-1.api.aws/v1"),
//		option.WithAPIKey("unused"),
//		option.WithHTTPClient(&http.Client{Transport: costmark.NewTransport(client, nil)}),
//		costmark.JoinRetries(option.WithMiddleware),
//	)
//
// Every round trip is one attempt, prepared and signed for itself. It is two where the service refuses
// the credentials, the token or the time, and others are to be had: then the request is signed again and
// sent once more, before the caller sees the refusal. A refusal whose body does not end within a moment
// is passed on.
//
// Nothing but the project and the authorization differs from what the caller sent, with one exception:
// a streamed chat completion is asked to report its usage, and the extra chunk is hidden from a caller
// who did not ask for it (the option stream_usage turns that off).
//
//   - A request body that is attributed or signed is read whole into memory first, up to [MaxBody]. A
//     long upload that is neither passes as it comes.
//   - The caller's request is never changed, and the answer's Request is the caller's own: it does not
//     show the signature.
//   - Where the option route=auto moves a request to the path of its model, the copy goes there.
//   - Redirects of authorized requests are refused, with [ErrEndpointMismatch]: neither the
//     authorization nor the body was meant for where they point to. A CheckRedirect that returns
//     [net/http.ErrUseLastResponse] gets the redirect itself.
//   - The answer is counted when it was read to its end, closed, or cancelled, whichever comes first,
//     and once. As with any answer, its Body must be closed.
//   - What the transport below decoded is read as it passes. Where the caller asked for gzip itself,
//     it gets gzip, except for a stream out of which a chunk is hidden. Other encodings pass unread:
//     the outcome is unknown.
//   - A request waits for credentials no longer than its context allows, whatever their source does. One
//     goroutine of a client fetches them, and the requests wait for it in Go: a thousand of them hold one
//     thread. The fetch is cancelled when no request waits any more.
//
// # Scopes
//
// A scope is a context whose calls run under a project. It comes before the client's rules and its
// default, and after what a request itself names (its OpenAI-Project header, or its body's
// project_id); the option conflict decides where those disagree.
//
//	ctx = costmark.WithProject(ctx, "proj_research")
//	completion, err := sdk.Chat.Completions.New(ctx, params)
//
// Labels of a context are the program's own pairs, which the rows of the ledger then carry:
//
//	ctx, err := costmark.WithLabels(ctx, costmark.Labels{"feature": "search"})
//
// Note that openai-go sends the variable OPENAI_PROJECT_ID as such a header, if it is set.
//
// # Operations and attempts
//
// An operation is one call of the user, an attempt one HTTP exchange of it. The project is decided once
// for an operation, and its id is in every [Answer]. A round trip is an operation of its own, unless
// something says otherwise:
//
//   - [JoinRetries], an option of an SDK, makes all that the SDK sends for one call attempts of one
//     operation: its retries, and what its middleware sends besides. Each page of a list is a call.
//   - [WithOperation] makes all requests in a context attempts of one operation, for programs that
//     repeat by themselves.
//   - A redirect that is followed is the next attempt.
//
// Headers that count retries decide nothing. Attempts that are open at once share their operation, and
// say so (Answer.Concurrent).
//
// # Sending without an HTTP client
//
// [Client.Send] sends through the library's own: one call for the whole operation, its attempts each
// signed anew, with pauses between them where the service asks for them, and the answer streamed to an
// [io.Writer]:
//
//	response, err := client.Send(ctx, request, &costmark.SendOptions{To: os.Stdout})
//
// When the context is done, it returns.
//
// # Under any other client
//
// [Client.Begin] makes an [Operation], which says what to send for each attempt, takes the answer, and
// says what to do next: for programs that send by other means. [Client.Prepare] is for those that only
// sign: one call into C and two allocations, the [Prepared] and one block for its texts and its body.
// [Sign], [Presign], [SetJSON] and [RemoveJSON] are the parts alone. [Client.Route] looks up which path
// serves a model, and [CheckProject] checks a project id.
//
// # Proof
//
// [Client.Verify] finds out whether an endpoint reads the project of requests, or ignores it: with a
// request for a project that cannot exist, which must be refused. The option verify asks for that proof
// before the first request.
//
// # Errors
//
// What this package refuses is an [*Error], grouped by its [Code] by what can be done about it. Nothing
// was sent then, unless the error comes from Send or Verify:
//
//	switch {
//	case errors.Is(err, costmark.ErrUnattributed): // name a project
//	case errors.Is(err, costmark.ErrExpiredCredentials): // authenticate again
//	}
//	var refused *costmark.Error
//	if errors.As(err, &refused) && refused.Offset >= 0 { ... } // where in the body
//
// A nil or zero value of a type of this package gives errors, not panics. [ErrClosed] is an *Error, too;
// Error.RetryableError tells whether to try again.
//
// Under an HTTP client, errors of the service are answers, and reach the caller as such. An SDK that
// retries every error of a transport does not retry those of this package with [JoinRetries].
//
// # Credentials
//
// They are those that other AWS tools find: the environment, else a profile of the shared files, or
// what the options access_key_id and secret_access_key say. [WithCredentials] asks a
// [CredentialsProvider] of the program instead, [WithBearerToken] a [BearerTokenProvider] for bearer
// tokens. They get a context, and may fail with any error, which errors.Is then finds; a panic becomes
// a [*PanicError].
//
// The other way round, [CredentialsCache] and [BearerTokenCache] give other packages what a client would
// use, and [ExplainCredentials] tells where the default chain has looked.
//
// # Options
//
// [Settings] sets options by fields with types, [Config] by name: for values that come from a file. Both
// are checked by [New]. [Options] lists them.
//
//	client, err := costmark.New(costmark.Settings{
//		Project:      "proj_5d5ykleja6cwpirysbb7",
//		Unattributed: "refuse",
//		Timeout:      time.Minute,
//	})
//
// # Start and end of a program
//
// [Client.Ready] fetches the credentials before the first request. [Client.Shutdown] closes the client and
// waits until the open answers are counted; call it after http.Server.Shutdown.
//
// # Usage
//
// [Client.Usage] takes the counters by project and model: operations, attempts, and the tokens that the
// service reported; [Client.ResetUsage] sets them to zero. [WithUsage] has a function called with each
// attempt as it ends and is counted; [OnExchange] with each exchange of a Transport and its request.
//
// # Building
//
// The package is built against the C library that pkg-config finds:
//
//	cmake -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build
//	cmake --install build --prefix /opt/costmark
//	export PKG_CONFIG_PATH=/opt/costmark/lib/pkgconfig
//	go build ./...
//
// With the tag costmark_static the program contains the library, from libcostmark.a:
//
//	go build -tags costmark_static ./...
//
// Where the loader does not look, such as in /opt/costmark/lib, LD_LIBRARY_PATH or
// CGO_LDFLAGS=-Wl,-rpath,/opt/costmark/lib tells it to.
//
// # Goroutines
//
// A [Client], a [Transport] and an [Operation] are safe for use by many goroutines at once, and so are
// a [CredentialsCache] and a [BearerTokenCache]. A call into C holds a thread for as long as it runs. That
// is long for a [Client.Send], for the one goroutine of a client that fetches credentials, and for at most
// two goroutines that verify; a cache has at most two. All calls return when their context is done; a call
// into C that cannot be stopped then ends later, by itself. [Client.Close] may be called at any time: running calls finish, open answers are
// counted to their end, later calls return [ErrClosed].
package costmark
