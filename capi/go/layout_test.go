package costmark

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	structs   = regexp.MustCompile(`(?s)typedef struct (costmark_\w+) \{(.*?)\n\} costmark_\w+;`)
	comments  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	fields    = regexp.MustCompile(`(?m)(\w+);\s*$`)
	constants = regexp.MustCompile(`(?m)^(?:  |#define )(COSTMARK_[A-Z_]+)(?: = [0-9]+,?| 0x[0-9]+u)(?:\s|$)`)
)

// header is costmark.h with its parts, those that the package was compiled with.
func header(t *testing.T) string {
	t.Helper()
	folder, err := exec.Command("pkg-config", "--variable=includedir", "costmark").Output()
	if err != nil {
		t.Skip("pkg-config does not tell where costmark.h is: ", err)
	}
	parts, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "costmark", "*.h"))
	if err != nil || len(parts) < 10 {
		t.Fatal(parts, err)
	}
	var text strings.Builder
	for _, part := range parts {
		content, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	return comments.ReplaceAllString(text.String(), "")
}

// The compiler has checked what layout.c and constants.go say; that must be all there is.
func TestTheWholeLayoutIsChecked(t *testing.T) {
	text, err := os.ReadFile("layout.c")
	if err != nil {
		t.Fatal(err)
	}
	checked, found := string(text), 0
	for _, match := range structs.FindAllStringSubmatch(header(t), -1) {
		name := match[1]
		if !strings.Contains(checked, "SIZE("+name+", ") {
			t.Errorf("the size of %s is not checked", name)
		}
		for _, field := range fields.FindAllStringSubmatch(match[2], -1) {
			found++
			if !strings.Contains(checked, "AT("+name+", "+field[1]+", ") {
				t.Errorf("it is not checked where %s is in %s", field[1], name)
			}
		}
	}
	if found < 80 || found != strings.Count(checked, "\nAT(") {
		t.Errorf("%d fields were found, %d are checked", found, strings.Count(checked, "\nAT("))
	}
}

func TestAllNumbersAreChecked(t *testing.T) {
	text, err := os.ReadFile("constants.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, match := range constants.FindAllStringSubmatch(header(t), -1) {
		name := match[1]
		if name == "COSTMARK_OK" || strings.HasPrefix(name, "COSTMARK_LOG_") {
			continue // written by their names where they are used, or in order
		}
		found++
		if !strings.Contains(string(text), " ^ C."+name+")") {
			t.Errorf("%s has no counterpart that is checked", name)
		}
	}
	if found < 50 {
		t.Errorf("%d numbers were found", found)
	}
}
