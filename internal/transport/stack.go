package transport

// stackRoom is how deep in bytes a connection's goroutine gets while it handles its first operations, and some.
const stackRoom = 5 << 10

// StretchStack makes the stack of the calling goroutine large enough for the work of a connection. At the start of a goroutine
// that is one small copy; later the runtime would do it twice, in the depth of the work, and look at every frame for each.
func StretchStack() { stretch(0) }

// stretch has a large frame, whose bytes the compiler can not know to be of no use.
//
//go:noinline
func stretch(i int) byte {
	var room [stackRoom]byte
	return room[i]
}
