// Package abuse holds what a hostile peer can do to a Weir, all of it at once, while two ordinary clients talk to each other:
// they lose nothing, the server stays up, and its memory stays under a stated ceiling.
package abuse
