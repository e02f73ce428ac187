// Command weir runs a NATS server for browsers and for everybody else.
//
// It takes the flags of nats-server, with one dash or two, and its configuration files. Started without any argument
// it serves this machine only, and says where. Started under the name nats-server it answers -v as nats-server does,
// since tools read the version there.
//
// As `weir bench` it is a load on any NATS server instead: package benchmark does it, and this room reads the flags and
// prints the table.
//
// This room reads flags, opens the log, starts the server and turns signals of the system into calls on it. It holds
// no logic of the server. Standard output gets what was asked for (help, version, the greeting, what a load came to); all
// else, the log and the progress of a load included, goes to standard error.
//
// Exit status: 0 after help, version, a valid -t, a signal sent, and an orderly stop by SIGINT, SIGTERM or lame duck
// mode, and of a load, also by an interrupt; 1 after any error, an unknown flag included, where nats-server ends with 0.
//
// Goroutines: main waits for the server; one more handles signals, and starts one for lame duck mode.
package main
