// Package authfile reads what a configuration file says about who may connect: the authorization blocks, users and their
// permissions, and the accounts with what they share.
//
// It fills the Config structs of auth, perm and account, and finds what is wrong in a block by itself, with its place in the
// file. Whether users and accounts fit the rest of the configuration is checked by package config, and whether accounts fit
// each other by [account.Directory.Apply]. It starts no goroutine.
package authfile
