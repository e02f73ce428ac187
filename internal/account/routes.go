package account

// routes is where messages of an account go besides its own subscriptions. It never changes.
type routes struct {
	mappings []*mapping
}
