package auth

// Config says who may connect. The zero value lets everybody in.
type Config struct {
	// Username and Password admit one user; Password may be a bcrypt hash.
	Username, Password string
	// Token admits whoever knows it; it may be a bcrypt hash.
	Token string
}

// Required reports whether a connection must authenticate.
func (c Config) Required() bool { return c.Username != "" || c.Token != "" }
