package costmark

import (
	"os"
	"os/exec"
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
