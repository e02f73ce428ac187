// Package operator makes JWTs for tests: an operator that vouches for accounts, and accounts that vouch for users.
package operator
