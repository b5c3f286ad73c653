package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"

	costmark "github.com/costmark/costmark/capi/go"
)

// A cutAnswer is a call whose answer comes in two pieces, cut at each place in turn.
type cutAnswer struct {
	Name    string
	Options map[string]string
	URL     string
	Path    string
	Headers [][2]string
	Body    []byte
	Answer  struct {
		Headers [][2]string
		Body    []byte
	}

	http http.Client
	cut  int
	rows []object // of the call that is made
}

// readCutAnswers reads one for each line of its input, and prints one line about all places in a row of
// which the same came.
func readCutAnswers(in io.Reader, out io.Writer) error {
	os.Clearenv()
	lines := json.NewDecoder(in)
	for {
		var answer cutAnswer
		err := lines.Decode(&answer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = answer.all(json.NewEncoder(out))
		}
		if err != nil {
			return fmt.Errorf("%s, cut at %d: %w", answer.Name, answer.cut, err)
		}
	}
}

func (c *cutAnswer) all(out *json.Encoder) error {
	config := costmark.Config{}
	for name, value := range c.Options {
		config[name] = value
	}
	client, err := costmark.New(config, costmark.WithUsage(c.row))
	if err != nil {
		return err
	}
	defer client.Close()
	c.http.Transport = costmark.NewTransport(client, c)
	var told object
	for ; c.cut <= len(c.Answer.Body); c.cut++ {
		passed, err := c.read()
		if err != nil {
			return err
		}
		if told != nil && reflect.DeepEqual(told["rows"], c.rows) && bytes.Equal(told["passed"].([]byte), passed) {
			told["to"] = c.cut
			continue
		}
		if told != nil {
			if err := out.Encode(told); err != nil {
				return err
			}
		}
		told = object{
			"name": c.Name, "way": way, "from": c.cut, "to": c.cut, "passed": passed, "rows": c.rows,
		}
	}
	return out.Encode(told)
}

func (c *cutAnswer) read() (passed []byte, err error) {
	c.rows = nil
	request, err := http.NewRequest(http.MethodPost, fmt.Sprint(c.URL, ".", c.cut, c.Path), bytes.NewReader(c.Body))
	if err != nil {
		return nil, err
	}
	request.Header = headerOf(c.Headers)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

func (c *cutAnswer) row(told costmark.Answer) {
	c.rows = append(c.rows, object{
		"outcome": told.Outcome.String(),
		"usage":   usageOf(&told.Usage),
		"flags":   flagsOf(told.Usage.Flags),
	})
}

// RoundTrip is what is below the Transport: no read returns bytes from both sides of the cut.
func (c *cutAnswer) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		request.Body.Close()
	}
	before, behind := c.Answer.Body[:c.cut], c.Answer.Body[c.cut:]
	return &http.Response{
		StatusCode:    http.StatusOK,
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        headerOf(c.Answer.Headers),
		Body:          io.NopCloser(io.MultiReader(bytes.NewReader(before), bytes.NewReader(behind))),
		ContentLength: -1,
		Request:       request,
	}, nil
}

func headerOf(fields [][2]string) http.Header {
	header := http.Header{}
	for _, field := range fields {
		header.Add(field[0], field[1])
	}
	return header
}
