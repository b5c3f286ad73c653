package costmark

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func goBuild(t *testing.T, cgo string, arguments ...string) (string, error) {
	t.Helper()
	build := exec.Command("go", append([]string{"build"}, arguments...)...)
	build.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	said, err := build.CombinedOutput()
	return string(said), err
}

func TestABuildWithoutCgoSaysWhatIsMissing(t *testing.T) {
	said, err := goBuild(t, "0", ".")
	if err == nil || !strings.Contains(said, "costmark calls a C library: build with CGO_ENABLED=1 and a C compiler") {
		t.Errorf("%v: %s", err, said)
	}
}

// The tag costmark_static links the archive, where one is installed.
func TestTheTagForTheArchive(t *testing.T) {
	if exec.Command("pkg-config", "--exists", "costmark-static").Run() != nil {
		t.Skip("no archive is installed")
	}
	for tag, shared := range map[string]bool{"": true, "costmark_static": false} {
		program := filepath.Join(t.TempDir(), "program")
		if said, err := goBuild(t, "1", "-tags", tag, "-o", program, "./internal/conformance"); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		file, err := elf.Open(program)
		if err != nil {
			t.Skip(err)
		}
		libraries, err := file.ImportedLibraries()
		_ = file.Close()
		if needs := strings.Contains(strings.Join(libraries, " "), "libcostmark"); err != nil || needs != shared {
			t.Errorf("tag %q: %v %v", tag, libraries, err)
		}
	}
}
