package account

// Limits are those of the account now.
func (a *Account) Limits() Limits { return *a.limits.Load() }

// Join counts a client in; it reports false if there are too many already.
func (a *Account) Join() bool {
	if !a.limits.Load().Holds(int(a.clients.Add(1))) {
		a.clients.Add(-1)
		return false
	}
	return true
}

// Holds reports whether n clients may be in.
func (l Limits) Holds(n int) bool {
	return l.Connections == 0 || n <= l.Connections
}

// Leave counts a client out.
func (a *Account) Leave() { a.clients.Add(-1) }

// Clients is how many are in.
func (a *Account) Clients() int { return int(a.clients.Load()) }
