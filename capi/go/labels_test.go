package costmark

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
)

// ledgerOf is a client whose rows come out of a pipe.
func ledgerOf(t *testing.T, options ...Option) (*Client, *bufio.Scanner) {
	t.Helper()
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { from.Close(); to.Close() })
	config := Config{"ledger": fmt.Sprintf("fd:%d", to.Fd()), "ledger_begin": "false", "project": "proj_a"}
	return newClient(t, append(options, config)...), bufio.NewScanner(from)
}

// row is the next one that is not a note of the writer.
func row(t *testing.T, from *bufio.Scanner) map[string]any {
	t.Helper()
	for from.Scan() {
		var row map[string]any
		if err := json.Unmarshal(from.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if row["kind"] != "note" {
			return row
		}
	}
	t.Fatal("there is no row")
	return nil
}

func observe(ctx context.Context, t *testing.T, client *Client) {
	t.Helper()
	operation, err := client.Begin(ctx, chatRequest(plainChat))
	if err != nil {
		t.Fatal(err)
	}
	operation.Sent()
	operation.Head(500, nil, false)
	operation.Finish()
	operation.Close()
}

// The request is given to the goroutine that fetches the credentials, its labels as well.
func TestACallWithLabelsWaitsForItsCredentials(t *testing.T) {
	client, rows := ledgerOf(t, Config{"auth": "sigv4", "region": "us-east-1"},
		WithCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			return Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		})))
	ctx, err := WithLabels(context.Background(), Labels{"feature": "search"})
	if err != nil {
		t.Fatal(err)
	}
	operation, err := client.Begin(ctx, chatRequest(plainChat))
	if err != nil {
		t.Fatal(err)
	}
	defer operation.Close()
	if _, err := operation.Prepare(ctx, chatRequest(plainChat)); err != nil {
		t.Fatal(err)
	}
	operation.Sent()
	operation.Head(500, nil, false)
	operation.Finish()
	if got := fmt.Sprint(row(t, rows)["labels"]); got != "map[feature:search]" {
		t.Error(got)
	}
}

func TestRowsCarryTheLabelsOfTheContext(t *testing.T) {
	client, rows := ledgerOf(t, Config{"tags": "proj_a: team=search"})
	outer, err := WithLabels(context.Background(), Labels{"feature": "search", "user": "ann"})
	if err != nil {
		t.Fatal(err)
	}
	inner, err := WithLabels(outer, Labels{"user": "bob"})
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		ctx  context.Context
		want string
	}{
		{inner, "map[feature:search user:bob]"},
		{outer, "map[feature:search user:ann]"},
		{context.Background(), "<nil>"},
	} {
		observe(each.ctx, t, client)
		row := row(t, rows)
		if got := fmt.Sprint(row["labels"]); got != each.want {
			t.Errorf("%s, not %s", got, each.want)
		}
		if got := fmt.Sprint(row["tags"]); got != "map[team:search]" {
			t.Error(got)
		}
	}
	if counts := client.LedgerCounts(); counts != (LedgerCounts{RowsWritten: 4}) || !client.FlushLedger() {
		t.Error(counts)
	}
	_ = client.Close()
	if counts := client.LedgerCounts(); counts != (LedgerCounts{}) || client.FlushLedger() {
		t.Error(counts)
	}
}

func TestLabelsFromIsACopy(t *testing.T) {
	given := Labels{"a": "1"}
	ctx, err := WithLabels(context.Background(), given)
	if err != nil {
		t.Fatal(err)
	}
	given["a"] = "changed"
	LabelsFrom(ctx)["a"] = "changed too"
	if got := LabelsFrom(ctx); !maps.Equal(got, Labels{"a": "1"}) {
		t.Error(got)
	}
	if got := LabelsFrom(context.Background()); len(got) != 0 {
		t.Error(got)
	}
}

func TestBadLabelsAreRefusedWhereTheyAreSet(t *testing.T) {
	many := Labels{}
	for i := range 16 {
		many[fmt.Sprint(i)] = "v"
	}
	full, err := WithLabels(context.Background(), many)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		ctx    context.Context
		labels Labels
		want   string
	}{
		{context.Background(), Labels{"user": "secret\x1b[2J"}, "the value of label 'user' has control characters"},
		{context.Background(), Labels{"": "v"}, "the name of label 1 is empty"},
		{context.Background(), Labels{"user": "secret\xff"}, "the value of label 'user' is not UTF-8"},
		{full, Labels{"one more": "v"}, "17 labels"},
	} {
		_, err := WithLabels(each.ctx, each.labels)
		if !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), each.want) {
			t.Errorf("%v, not %s", err, each.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Error("the error repeats a value")
		}
	}
}

func TestAFullDiskFailsNoCall(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	client := newClient(t, Config{"ledger": fmt.Sprintf("fd:%d", full.Fd()), "ledger_begin": "false"})
	observe(context.Background(), t, client)
	if counts := client.LedgerCounts(); counts != (LedgerCounts{RowsWaiting: 2}) || client.FlushLedger() {
		t.Error(counts)
	}
}
