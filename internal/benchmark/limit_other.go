//go:build !linux && !darwin

package benchmark

// allowFiles leaves it to the system to say when there are too many.
func allowFiles(int) (have uint64, ok bool) { return 0, true }
