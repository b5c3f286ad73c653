package costmark

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	mantleProject = `{"id":"proj_a","arn":"arn:aws:bedrock-mantle:us-east-1:111122223333:project/proj_a",` +
		`"name":"my app","status":"active","created_at":1772135628,"tags":{"team":"x"},` +
		`"data_retention":{"mode":"inherit"}}`
	bedrockARN     = "arn:aws:bedrock:us-east-1:111122223333:project/proj_a"
	bedrockProject = `{"id":"proj_a","arn":"` + bedrockARN + `","name":"my app","status":"active",` +
		`"createdAt":"2026-02-26T19:53:48Z"}`
)

// projectsAt opens the Projects API of a server that answers as `answer` says; `lines` tells what it was asked.
func projectsAt(t *testing.T, plane ProjectPlane, answer http.HandlerFunc) (projects *Projects, lines func() []string) {
	t.Helper()
	var lock sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		lock.Lock()
		asked = append(asked, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		lock.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	projects, err := NewProjects(plane, Settings{BaseURL: server.URL, Auth: "none", Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { projects.Close() })
	return projects, func() []string {
		lock.Lock()
		defer lock.Unlock()
		return slices.Clone(asked)
	}
}

func writes(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

func TestAProjectShowsWhatTheServiceSays(t *testing.T) {
	projects, lines := projectsAt(t, PlaneAuto, writes(mantleProject))
	made, err := projects.Create(context.Background(), "my app", map[string]string{"team": "x", "env": ""})
	if err != nil {
		t.Fatal(err)
	}
	want := `POST /v1/organization/projects {"name":"my app","tags":{"env":"","team":"x"}}`
	if got := lines()[0]; got != want {
		t.Errorf("%s", got)
	}
	if made.ID != "proj_a" || made.Name != "my app" || made.Status != "active" || made.Plane != PlaneMantle ||
		made.Account != "111122223333" || made.Region != "us-east-1" || made.DataRetention != "inherit" ||
		made.Created.Unix() != 1772135628 || !made.Archived.IsZero() ||
		!maps.Equal(made.Tags, map[string]string{"team": "x"}) {
		t.Errorf("%+v", made)
	}
	if projects.Plane() != PlaneMantle {
		t.Error(projects.Plane())
	}
}

func TestEachOperationIsThatOfItsPlane(t *testing.T) {
	projects, lines := projectsAt(t, PlaneBedrock, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/listTagsForResource" {
			io.WriteString(w, `{"tags":[{"key":"a","value":"b"}]}`)
			return
		}
		io.WriteString(w, bedrockProject)
	})
	ctx := context.Background()
	found, err := projects.Get(ctx, "proj_a")
	if err != nil || found.Tags != nil || found.ARN != bedrockARN {
		t.Fatal(found, err)
	}
	if tags, err := projects.Tags(ctx, bedrockARN); err != nil || !maps.Equal(tags, map[string]string{"a": "b"}) {
		t.Error(tags, err)
	}
	for _, step := range []func() error{
		func() error { _, err := projects.Rename(ctx, "proj_a", "new"); return err },
		func() error { _, err := projects.SetDataRetention(ctx, "proj_a", "none"); return err },
		func() error { return projects.AddTags(ctx, bedrockARN, map[string]string{"c": "d"}) },
		func() error { return projects.SetTags(ctx, bedrockARN, map[string]string{"a": "b"}) },
		func() error { return projects.RemoveTags(ctx, bedrockARN, []string{"a"}) },
		func() error { _, err := projects.Archive(ctx, "proj_a"); return err },
	} {
		if err := step(); err != nil {
			t.Error(err)
		}
	}
	arn := `{"resourceARN":"` + bedrockARN + `"`
	want := []string{
		"GET /projects/proj_a",
		"POST /listTagsForResource " + arn + "}",
		`POST /projects/proj_a {"name":"new"}`,
		`POST /projects/proj_a {"dataRetention":{"mode":"none"}}`,
		"POST /tagResource " + arn + `,"tags":[{"key":"c","value":"d"}]}`,
		"POST /listTagsForResource " + arn + "}",
		"POST /untagResource " + arn + `,"tagKeys":["a"]}`,
		"POST /projects/proj_a/archive",
	}
	for i, line := range lines() {
		if i >= len(want) || line != want[i] {
			t.Errorf("%s", line)
		}
	}
}

func TestAListHasAllPages(t *testing.T) {
	projects, lines := projectsAt(t, PlaneBedrock, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("nextToken") {
			io.WriteString(w, `{"projectSummaries":[`+strings.ReplaceAll(bedrockProject, "proj_a", "proj_b")+`]}`)
			return
		}
		io.WriteString(w, `{"projectSummaries":[`+bedrockProject+`],"nextToken":"t"}`)
	})
	found, err := projects.List(context.Background(), true)
	if err != nil || len(found) != 2 || found[0].ID != "proj_a" || found[1].ID != "proj_b" {
		t.Error(found, err)
	}
	if got := lines()[1]; got != "GET /projects?maxResults=100&nextToken=t" {
		t.Error(got)
	}
}

func TestErrorsOfProjectsSayWhatCanBeDone(t *testing.T) {
	projects, lines := projectsAt(t, PlaneBedrock, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-amzn-errortype", "ResourceNotFoundException")
		w.WriteHeader(404)
	})
	ctx := context.Background()
	_, err := projects.Get(ctx, "proj_none")
	var known *Error
	if !errors.As(err, &known) || known.Code != ErrInvalidProject || known.HTTPStatus != 404 {
		t.Error(err)
	}
	if _, err := projects.Create(ctx, "", nil); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	if _, err := projects.Rename(ctx, "proj_a", ""); !errors.Is(err, ErrInvalidArgument) ||
		!strings.Contains(err.Error(), "0 characters") {
		t.Error(err)
	}
	if err := projects.AddTags(ctx, "proj_a", map[string]string{"aws:x": ""}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	if _, err := projects.Archive(ctx, "default"); !errors.Is(err, ErrInvalidProject) {
		t.Error(err)
	}
	if len(lines()) != 1 {
		t.Error(lines())
	}
	projects.Close()
	if _, err := projects.Get(ctx, "proj_a"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestACallOfProjectsEndsWithItsContext(t *testing.T) {
	goOn := make(chan struct{})
	projects, _ := projectsAt(t, PlaneMantle, func(http.ResponseWriter, *http.Request) { <-goOn })
	defer close(goOn)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := projects.Get(ctx, "proj_a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestCredentialsOfProjectsComeFromTheProgram(t *testing.T) {
	authorizations := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorizations <- r.Header.Get("Authorization")
		io.WriteString(w, mantleProject)
	}))
	defer server.Close()
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "mine")
	projects, err := NewProjects(PlaneMantle, Settings{BaseURL: server.URL, Auth: "sigv4", Region: "us-east-1"},
		WithCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			if ctx.Value(key{}) != "mine" {
				t.Error("another context")
			}
			return Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		})))
	if err != nil {
		t.Fatal(err)
	}
	defer projects.Close()
	if _, err := projects.Get(ctx, "proj_a"); err != nil {
		t.Fatal(err)
	}
	if authorization := <-authorizations; !strings.Contains(authorization, "Credential=AKIDEXAMPLE/") {
		t.Error(authorization)
	}
}
