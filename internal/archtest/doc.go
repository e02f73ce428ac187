// Package archtest keeps the plan of the house: which room may import which, how large a thing may grow, and the few
// habits that a reviewer would otherwise have to look for by hand. It is a test only and has nothing to import.
//
// What it reads: every file of the checkout, from the module root, with go/parser and go/ast. The modules test/ and
// bench/ stand outside the floors; sizes and habits hold there too.
//
// How a rule is changed: the floors are the table in floors_test.go, the limits the table in size_test.go. A thing that
// must break a rule is listed by name in exceptions_test.go, with its reason and with its own limit. An exception that
// nothing needs any more fails the test, so that the list only holds what is true.
//
// Each rule is a function from a tree of files to findings, and has a test on small sources in memory which shows that
// it finds what it should, and nothing else.
package archtest
