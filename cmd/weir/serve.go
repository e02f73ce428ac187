package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"weir/internal/config"
	"weir/internal/logline"
)

// node is what this room asks of a server that listens.
type node interface {
	Wait()
	Shutdown()
	LameDuck()
	Reload(*config.Options) error
}

// errNoFile is what a reload gets that has nothing to load.
var errNoFile = errors.New("can only reload config when a file is provided using -c or --config")

// serve runs a server until it ends.
func (p *program) serve(cmd *commandLine) error {
	o, err := cmd.options()
	if err != nil {
		return err
	}
	log, err := logline.Open(p.logConfig(o))
	if err != nil {
		return fmt.Errorf("can not open the log: %w", err)
	}
	defer log.Close()

	// From here on a signal waits until the server can act on it.
	sigs := make(chan os.Signal, 8)
	signal.Notify(sigs, heard...)
	defer signal.Stop(sigs)

	s := &steward{log: log, cmd: cmd, program: p, current: o, asks: make(chan chan error)}
	done := make(chan struct{})
	defer close(done)
	n, err := p.start(o, log.Logger(), func() error { return s.ask(done) })
	if err != nil {
		log.Logger().Log(context.Background(), logline.LevelFatal, err.Error()+advice(err))
		if toFile(o) {
			return fmt.Errorf("%w%s", err, advice(err)) // for whoever looks at the terminal
		}
		return errLogged
	}
	if cmd.local {
		greet(p.stdout, o)
	}
	s.node = n
	go s.watch(sigs, done)
	n.Wait()
	return nil
}

// errLogged says that the log has shown the error already.
var errLogged = errors.New("the log has the error")

// toFile reports whether the log is out of sight of a terminal.
func toFile(o *config.Options) bool {
	return o.Log.File != "" || o.Log.Syslog || o.Log.RemoteSyslog != ""
}

// advice is what to do about an error of the system.
func advice(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return " (another program listens there: stop it, or choose another port)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return " (this machine has no such address)"
	case errors.Is(err, os.ErrPermission):
		return " (this user may not: choose a port above 1023, or another path)"
	}
	return ""
}

// logConfig is the log that the configuration asks for.
func (p *program) logConfig(o *config.Options) logline.Config {
	return logline.Config{
		Debug:        o.Log.Debug,
		Trace:        o.Log.Trace,
		NoTime:       o.Log.NoTime,
		UTC:          o.Log.UTC,
		File:         o.Log.File,
		SizeLimit:    o.Log.SizeLimit,
		MaxFiles:     o.Log.MaxFiles,
		Syslog:       o.Log.Syslog,
		RemoteSyslog: o.Log.RemoteSyslog,
		Output:       p.stderr,
	}
}

// greet says where the server of a start without arguments can be found.
func greet(w io.Writer, o *config.Options) {
	ws, mon := o.WebSockets[0].Address(), config.Address(o.Monitor.Host, o.Monitor.Port)
	fmt.Fprintf(w, `
Weir is running, for this machine only.

    Console      http://%s/
    WebSocket    ws://%s
    NATS         nats://%s
    Monitoring   http://%s/

Stop it with Ctrl-C. To serve others, give it a configuration file: weir -c FILE
`, ws, ws, o.Client.Address(), mon)
}

// steward turns signals into calls on the server. It belongs to the goroutine of watch.
type steward struct {
	node    node
	log     *logline.Log
	cmd     *commandLine
	program *program
	current *config.Options
	retreat bool // lame duck mode has begun
	asks    chan chan error
}

// errEnded is what a reload gets whose server ends.
var errEnded = errors.New("the server is shutting down")

// ask has the configuration reloaded, from any goroutine but that of watch.
func (s *steward) ask(done <-chan struct{}) error {
	answer := make(chan error, 1)
	select {
	case s.asks <- answer:
		return <-answer
	case <-done:
		return errEnded
	}
}

// watch handles signals until one has ended the server, or done is closed.
func (s *steward) watch(sigs <-chan os.Signal, done <-chan struct{}) {
	for {
		select {
		case sig := <-sigs:
			s.log.Logger().Info(fmt.Sprintf("Trapped %q signal", sig))
			if s.do(commandOf(sig)) {
				return
			}
		case answer := <-s.asks:
			answer <- s.reload()
		case <-done:
			return
		}
	}
}

// do carries out one command, in the words of --signal, and reports whether it has ended the server.
func (s *steward) do(command string) (ended bool) {
	log := s.log.Logger()
	switch command {
	case "quit":
		signal.Reset(os.Interrupt) // a second one ends the process at once
		s.node.Shutdown()
		return true
	case "term":
		if s.retreat {
			return false // the end of lame duck mode is awaited, as orchestrators expect
		}
		s.node.Shutdown()
		return true
	case "ldm":
		if !s.retreat {
			s.retreat = true
			go s.node.LameDuck()
		}
	case "reopen":
		s.reopen(log)
	case "reload":
		if err := s.reload(); err != nil {
			log.Error("Failed to reload server configuration", "err", err)
		}
	}
	return false
}

// reopen opens the log file again after another program has renamed it.
func (s *steward) reopen(log *slog.Logger) {
	switch err := s.log.Reopen(); {
	case errors.Is(err, logline.ErrNotFile):
		log.Info("File log re-open ignored, not a file logger")
	case err != nil:
		log.Error("File log not re-opened", "err", err)
	default:
		log.Info("File log re-opened")
	}
}

// reload reads the configuration again and applies it: to the log first, which is put back if the server refuses.
func (s *steward) reload() error {
	if s.cmd.config == "" {
		return errNoFile
	}
	o, err := s.cmd.options()
	if err != nil {
		return err
	}
	if err := s.log.Apply(s.program.logConfig(o)); err != nil {
		return fmt.Errorf("can not open the log: %w", err)
	}
	if err := s.node.Reload(o); err != nil {
		return errors.Join(err, s.log.Apply(s.program.logConfig(s.current)))
	}
	s.current = o
	return nil
}
