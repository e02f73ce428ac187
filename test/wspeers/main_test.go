package wspeers_test

import (
	"os"
	"testing"
)

// buildFolder is for what tests build; it goes with the test binary.
var buildFolder string

func TestMain(m *testing.M) {
	var err error
	if buildFolder, err = os.MkdirTemp("", "wspeers"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(buildFolder)
	os.Exit(code)
}
