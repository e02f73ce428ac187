package runfile

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// pidFilePerm keeps the file to its owner: whoever can write it decides which process a --signal reaches.
const pidFilePerm = 0o600

// WritePID writes the id of this process, without a line end, to the file at path.
func WritePID(path string) error {
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), pidFilePerm); err != nil {
		return fmt.Errorf("could not write pidfile: %w", err)
	}
	return nil
}

// RemovePID removes the file at path if it still names this process: after a quick restart it is the file of
// the next one.
func RemovePID(path string) error {
	b, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(b)) != strconv.Itoa(os.Getpid()) {
		return nil
	}
	return os.Remove(path)
}
