package costmark

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func budgetClient(t *testing.T, server *httptest.Server, budgets string) (*Client, *http.Client) {
	t.Helper()
	client, err := New(Settings{Project: "proj_a", Auth: "none", BaseURL: server.URL + "/v1", Budgets: budgets})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, &http.Client{Transport: NewTransport(client, nil)}
}

func askBudget(ctx context.Context, t *testing.T, caller *http.Client, server *httptest.Server) error {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/chat/completions",
		strings.NewReader(`{"model":"m","max_tokens":20}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := caller.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	buffer := make([]byte, 4096)
	for err == nil {
		_, err = answer.Body.Read(buffer)
	}
	return nil
}

func TestBudgetsRefuseAndAreRead(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}`))
	}))
	defer server.Close()
	client, caller := budgetClient(t, server,
		"mine: project=proj_a 1calls/day refuse; t: tag.team=x 99tokens/month warn; u: label.user=ann 1usd/day warn")
	ctx := context.Background()
	if err := askBudget(ctx, t, caller, server); err != nil {
		t.Fatal(err)
	}
	if err := askBudget(ctx, t, caller, server); !errors.Is(err, ErrBudgetExceeded) ||
		!strings.Contains(err.Error(), "budget 'mine' of 1 call a day for project proj_a") {
		t.Errorf("a call beyond the budget: %v", err)
	}
	if err := askBudget(OverrideBudgets(ctx), t, caller, server); err != nil {
		t.Error(err)
	}
	if asked != 2 {
		t.Errorf("the server was asked %d times", asked)
	}
	budgets := client.Budgets()
	if len(budgets) != 3 {
		t.Fatalf("%d budgets", len(budgets))
	}
	mine := budgets[0]
	reset := mine.Reset
	mine.Reset = time.Time{}
	want := Budget{Name: "mine", Subject: BudgetOfProject, Value: "proj_a", Unit: BudgetCalls, Period: BudgetDay,
		Action: BudgetRefuses, Limit: 1, Spent: 2}
	if mine != want {
		t.Errorf("%+v", mine)
	}
	if reset != reset.Truncate(24*time.Hour) || time.Until(reset) > 24*time.Hour {
		t.Errorf("reset at %v", reset)
	}
	if other := budgets[1]; other.Subject != BudgetOfTag || other.Key != "team" || other.Value != "x" ||
		other.Unit != BudgetTokens || other.Period != BudgetMonth || other.Action != BudgetWarns {
		t.Errorf("%+v", other)
	}
	if other := budgets[2]; other.Subject != BudgetOfLabel || other.Unit != BudgetPicoUSD || other.Limit != 1e12 {
		t.Errorf("%+v", other)
	}
	client.Close()
	if client.Budgets() != nil {
		t.Error("a closed client has budgets")
	}
}
