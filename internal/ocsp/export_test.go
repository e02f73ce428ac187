package ocsp

// SetLimit bounds the cache in bytes. It comes before the first answer.
func (c *Checker) SetLimit(n int) { c.cache.limit = n }
