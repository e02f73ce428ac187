package config

import "weir/internal/conf"

// What is wrong in a configuration file, see package conf.
type (
	Position = conf.Position
	Error    = conf.Error
	Errors   = conf.Errors
)

// Load reads the file at path. Its error is [Errors] for what is wrong inside a readable file, an [*Error] when it is
// not even in the language, and the system's own error when it can not be read.
func Load(path string) (*Options, error) {
	file, digest, err := conf.Load(path)
	if err != nil {
		return nil, err
	}
	o, err := fromFile(path, file)
	if err != nil {
		return nil, err
	}
	o.ConfigFile, o.Digest = path, digest
	return o, nil
}

// Parse reads text as [Load] reads a file; name stands for the file in errors. Includes are relative to the working
// directory.
func Parse(name string, text []byte) (*Options, error) {
	file, err := conf.Parse(name, text)
	if err != nil {
		return nil, err
	}
	return fromFile(name, file)
}

func fromFile(name string, file conf.Value) (*Options, error) {
	r := conf.NewReader(name)
	if file.Empty() {
		r.Warn(name + ": config has no values or is empty")
	}
	o := &Options{}
	conf.Read(r, file, topKeys, o)
	if len(r.Errors) > 0 {
		return nil, r.Errors
	}
	o.openBesideSystem(r, file)
	o.Warnings = r.Warnings
	return o, nil
}
