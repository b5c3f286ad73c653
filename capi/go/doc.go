// Package costmark marks every Amazon Bedrock call of a Go program with the project that pays for it.
//
// It writes the project into a request, signs the request, hands it back to be sent or sends it itself,
// and reads the usage out of the answer. It is the Go face of libcostmark, a C library, and calls it
// through cgo. It starts no goroutines that outlive a call, and prints nothing.
//
// # Under an HTTP client
//
// A [Transport] is an [net/http.RoundTripper], so whatever takes an [net/http.Client] can be
// attributed, the official openai-go included:
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
//		option.WithMiddleware(costmark.NoRetry),
//	)
//
// Every round trip is one attempt, prepared and signed for itself, so the retries of an SDK are too. It
// is two where the service refuses what the library signed with, though other credentials, another
// token or the right time may be accepted: then the request is signed anew and sent once more, before
// the caller sees the refusal.
//
// Nothing but the project and the authorisation differs from what the caller sent, with one exception:
// a streamed chat completion is asked to report its usage, and the extra chunk is hidden from a caller
// who did not ask for it (the option stream_usage turns that off).
//
//   - A request body that is attributed or signed is read whole into memory first, up to [MaxBody]. An
//     upload that is neither passes as it comes.
//   - The caller's request is never changed, and the answer's Request is the caller's own: it does not
//     show the signature.
//   - Where the option route=auto moves a request to the path of its model, the copy goes there.
//   - Redirects of signed requests are refused, with [ErrEndpointMismatch]: neither the authorisation
//     nor the body was meant for where they point to. A CheckRedirect that returns
//     [net/http.ErrUseLastResponse] gets to see the redirect itself.
//   - The answer is counted when it was read to its end, closed, or cancelled, whichever comes first,
//     and once. As with any answer, its Body must be closed.
//   - What the transport below decoded is read as it passes. Where the caller asked for gzip itself,
//     it gets gzip, except for a stream out of which a chunk is hidden. Other encodings pass unread:
//     the outcome is unknown.
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
// Note that openai-go sends the variable OPENAI_PROJECT_ID as such a header, if it is set.
//
// # Operations and attempts
//
// The usage counts calls of the user as operations, and HTTP exchanges as their attempts. Requests of
// openai-go say in a header which attempt they are; programs that retry by themselves make the attempts
// of one call in one context of [WithOperation]. One thing a request does not say: whether an earlier
// attempt was refused before it was sent, because credentials could not be fetched, say. A retry after
// that counts as another attempt of an operation that was never counted, unless it is in such a context.
//
// # Sending without an HTTP client
//
// [Client.Send] sends through the library's own: one call for the whole operation, its attempts each
// signed anew, with pauses between them where the service asks for them, and the answer streamed to an
// [io.Writer] or a [PieceFunc]:
//
//	response, err := client.Send(ctx, request, &costmark.SendOptions{To: os.Stdout})
//
// When the context is done, it returns at once.
//
// # Preparing alone
//
// [Client.Prepare] says what to change in a request, for programs that send by other means;
// [Client.Begin] begins an [Observation] of the answer as well. A prepare is one call into C and two
// allocations: the [Prepared], and one block for its headers and its body. [Sign], [Presign], [SetJSON]
// and [RemoveJSON] are the parts alone.
//
// # Proof
//
// [Client.Verify] finds out whether an endpoint reads the project of requests, or merely ignores it:
// with a request for a project that cannot exist, which must be refused. The option verify asks for
// that proof before the first request.
//
// # Errors
//
// What this package refuses is an [*Error], grouped by its [Code] by what can be done about it; unless
// it comes from Send or Verify, nothing was sent:
//
//	switch {
//	case errors.Is(err, costmark.ErrUnattributed): // name a project
//	case errors.Is(err, costmark.ErrExpiredCredentials): // authenticate again
//	}
//	var refused *costmark.Error
//	if errors.As(err, &refused) && refused.Offset >= 0 { ... } // where in the body
//
// Under an HTTP client, errors of the service are answers, and stay with whoever reads them. An SDK that
// retries every error of a transport is told not to by [NoRetry].
//
// # Credentials
//
// They are those that other AWS tools find: the environment, else a profile of the shared files, or
// what the options access_key_id and secret_access_key say. [WithCredentials] asks the program
// instead, [WithBearerToken] for bearer tokens. Callbacks run on the goroutine that needs them, get
// its context, and may fail with any error, which errors.Is then finds; a panic becomes a
// [*PanicError].
//
// The other way round, [CredentialsCache] and [BearerTokenProvider] hand out what a client would use, to
// other packages, and [ExplainCredentials] tells where the default chain has looked.
//
// # Usage
//
// [Client.Usage] takes the counters by project: operations, attempts, and the tokens that the service
// reported. [WithUsage] tells of each attempt as it ends and is counted; [OnExchange] of each exchange
// of a Transport, with its request.
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
// Where the loader does not look, such as in /opt/costmark/lib, LD_LIBRARY_PATH or
// CGO_LDFLAGS=-Wl,-rpath,/opt/costmark/lib tells it to.
//
// # Goroutines
//
// A [Client], a [Transport] and an [Observation] are safe for use by many goroutines at once, and so are
// a [CredentialsCache] and a [BearerTokenProvider]. A call into C holds on to a thread for as long as it
// runs; that is long for [Client.Send] and [Client.Verify], and where credentials are fetched.
// [Client.Close] may be called at any time: running calls finish, open answers are counted to their
// end, later calls return [ErrClosed].
package costmark
