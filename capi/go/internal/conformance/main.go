// Command conformance is the runner of the Transport: each call of a case is made by an http.Client above
// a Transport, and repeated by a loop of a program's own, under WithOperation. What is resent after a
// refusal, the Transport resends. tests/conformance/README.md says what a case is, and what the lines mean.
//
//	conformance --cases FILE --server ORIGIN [--case NAME]
//	conformance --bypass
//	conformance --cuts
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
)

func main() {
	path := flag.String("cases", "", "the `file` of the cases")
	origin := flag.String("server", "", "the `origin` of the server")
	only := flag.String("case", "", "the `name` of the only case to run")
	past := flag.Bool("bypass", false, "make the attempts that standard input names")
	cuts := flag.Bool("cuts", false, "read the answers of standard input, cut at each place")
	flag.Parse()
	var err error
	switch {
	case *past:
		err = makeAttempts(os.Stdin, os.Stdout)
	case *cuts:
		err = readCutAnswers(os.Stdin, os.Stdout)
	default:
		err = runAll(*path, *origin, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runAll(path, origin, only string) error {
	cases, err := readCases(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for i := range cases {
		if only != "" && cases[i].Name != only {
			continue
		}
		if err := newRun(&cases[i], origin, out).all(); err != nil {
			return fmt.Errorf("case %s: %w", cases[i].Name, err)
		}
	}
	return out.Flush()
}

// beginAtServer has the server forget what it received in an earlier run.
func beginAtServer(origin, run string) error {
	response, err := http.Post(origin+"/_begin/"+run, "", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server does not know %s: %s", run, response.Status)
	}
	return nil
}
