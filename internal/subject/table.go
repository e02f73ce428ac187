package subject

// shrinkAbove is the size below which a table is never rebuilt.
const shrinkAbove = 256

// table is a map that gives memory back: Go's maps keep the room of their largest size for ever.
type table[E any] struct {
	m    map[string]E
	peak int
}

func (t *table[E]) put(key string, e E) {
	if t.m == nil {
		t.m = make(map[string]E)
	}
	t.m[key] = e
	t.peak = max(t.peak, len(t.m))
}

// remove takes key out. A table that fell to an eighth of its size is built anew, so the removals pay for the copy.
func (t *table[E]) remove(key string) {
	delete(t.m, key)
	switch n := len(t.m); {
	case n == 0:
		t.m, t.peak = nil, 0
	case t.peak > shrinkAbove && n < t.peak/8:
		small := make(map[string]E, n)
		for k, e := range t.m {
			small[k] = e
		}
		t.m, t.peak = small, n
	}
}
