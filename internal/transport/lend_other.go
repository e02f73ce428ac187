//go:build !linux || 386

package transport

// lender is empty where the kernel is not asked to lend pages.
type lender struct{}

func (w *Wire) lend()   {}
func (w *Wire) recall() {}
