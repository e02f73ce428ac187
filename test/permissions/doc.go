// Package permissions compares what users may do, over the wire, with an oracle that is slow and plain: random rules, every
// subject and every queue group of a small world, on both servers.
package permissions
