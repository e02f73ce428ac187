package main

import (
	"errors"
	"flag"
	"io"
	"strconv"
	"strings"

	"weir/internal/config"
	"weir/internal/tlsfile"
)

// Errors of the command line, worded as nats-server does.
var (
	errTestWithoutFile = errors.New("must specify [-c, --config] option to check configuration file syntax")
	errNoCertificate   = errors.New("TLS Server certificate must be present and valid: set --tlscert")
	errNoKey           = errors.New("TLS Server private key must be present and valid: set --tlskey")

	errNotNumber  = errors.New("parse error")
	errOutOfRange = errors.New("value out of range")
)

// kind is what a flag takes.
type kind uint8

const (
	text   kind = iota
	number      // a decimal, octal or hexadecimal integer
	toggle      // nothing, or =true, =false
)

// value is what a flag was given; the field of its kind is set.
type value struct {
	text   string
	number int64
	on     bool
}

// commandLine is what was asked for.
type commandLine struct {
	version, help, helpTLS, test bool
	config, signal               string
	// stray is the first word that is no flag and no command that we know.
	stray *string
	// local says that there were no arguments at all.
	local bool

	// settings are the changes to the configuration, in the order of the flags: the last one of a kind wins.
	settings []func(*config.Options)
	tls      tlsFlags
}

// tlsFlags are the flags that replace the tls block together.
type tlsFlags struct {
	given, off, verify bool
	cert, key, ca      string
}

// parse reads the arguments that follow the program's name.
func parse(args []string) (*commandLine, error) {
	c := &commandLine{local: len(args) == 0}
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // the caller prints errors and usage
	fs.Usage = func() {}
	for _, f := range commandFlags {
		c.define(fs, f.names, f.kind, func(v value) { f.set(c, v) })
	}
	for _, f := range optionFlags {
		c.define(fs, f.names, f.kind, func(v value) {
			c.settings = append(c.settings, func(o *config.Options) { f.set(o, v) })
		})
	}
	for _, f := range unbuiltFlags {
		c.define(fs, f.names, f.kind, func(v value) { c.unbuilt(f.feature, f.names, f.kind, v) })
	}
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		c.word(fs.Arg(0))
	}
	return c, nil
}

// word handles the first argument that is not a flag; the flags that print something come before it.
func (c *commandLine) word(s string) {
	switch {
	case c.version || c.help || c.helpTLS:
	case strings.EqualFold(s, "version"):
		c.version = true
	case strings.EqualFold(s, "help"):
		c.help = true
	default:
		c.stray = &s
	}
}

// unbuilt notes a flag of a feature that is not built. Switching such a feature off needs no note.
func (c *commandLine) unbuilt(feature, names string, k kind, v value) {
	if k == toggle && !v.on || k == text && v.text == "" {
		return
	}
	name := strings.Fields(names)[0]
	c.settings = append(c.settings, func(o *config.Options) {
		o.Warnings = append(o.Warnings, "flag --"+name+" is ignored: "+feature+" is not supported yet")
	})
}

// define adds a flag under all of its names.
func (c *commandLine) define(fs *flag.FlagSet, names string, k kind, set func(value)) {
	for name := range strings.FieldsSeq(names) {
		fs.Var(&target{k, set}, name, "")
	}
}

// target parses the value of one flag. It is a flag.Value.
type target struct {
	kind kind
	set  func(value)
}

func (t *target) String() string { return "" }

// IsBoolFlag tells package flag that no value need follow.
func (t *target) IsBoolFlag() bool { return t.kind == toggle }

func (t *target) Set(s string) error {
	v := value{text: s}
	var err error
	switch t.kind {
	case number:
		v.number, err = strconv.ParseInt(s, 0, strconv.IntSize)
	case toggle:
		v.on, err = strconv.ParseBool(s)
	}
	if errors.Is(err, strconv.ErrRange) {
		return errOutOfRange
	}
	if err != nil {
		return errNotNumber
	}
	t.set(v)
	return nil
}

// options makes the configuration: that of the file, changed by the flags, filled up with defaults. It is called again
// for each reload.
func (c *commandLine) options() (*config.Options, error) {
	o := &config.Options{}
	var err error
	switch {
	case c.local:
		o = config.Local()
	case c.config != "":
		if o, err = config.Load(c.config); err != nil {
			return nil, err
		}
	}
	for _, set := range c.settings {
		set(o)
	}
	if err := c.tls.apply(o); err != nil {
		return nil, err
	}
	o.SetDefaults()
	return o, o.Validate()
}

// apply replaces the tls block when a flag asks for it.
func (t tlsFlags) apply(o *config.Options) error {
	switch {
	case t.off:
		o.TLS = nil
		return nil
	case !t.given:
		return nil
	case t.cert == "":
		return errNoCertificate
	case t.key == "":
		return errNoKey
	}
	o.TLS = &tlsfile.Block{CertFile: t.cert, KeyFile: t.key, CAFile: t.ca, Verify: t.verify}
	return nil
}
