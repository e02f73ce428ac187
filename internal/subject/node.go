package subject

// node stands for the tokens from the root to it. Only subjects with a wildcard have nodes.
type node[V comparable] struct {
	kids *kids[V] // by literal token
	star *node[V] // `*`
	tail *node[V] // `>`
	here entry[V]
	held bool // here has a member
}

func (n *node[V]) empty() bool { return !n.held && n.kids == nil && n.star == nil && n.tail == nil }

// fewKids is the number of literal tokens up to which they are a list: eight comparisons cost less than one hash, and a
// map costs 200 bytes.
const fewKids = 8

// kids is the nodes behind the literal tokens of one node.
type kids[V comparable] struct {
	list []kid[V]
	many table[*node[V]] // in place of list, once there were more than fewKids
}

type kid[V comparable] struct {
	token string
	node  *node[V]
}

func (k *kids[V]) put(token string, n *node[V]) {
	if k.many.m == nil && len(k.list) < fewKids {
		k.list = append(k.list, kid[V]{token, n})
		return
	}
	for _, old := range k.list {
		k.many.put(old.token, old.node)
	}
	k.list = nil
	k.many.put(token, n)
}

func (k *kids[V]) remove(token string) {
	for i := range k.list {
		if k.list[i].token == token {
			last := len(k.list) - 1
			k.list[i] = k.list[last]
			k.list[last] = kid[V]{}
			k.list = k.list[:last]
			return
		}
	}
	k.many.remove(token)
}

func (k *kids[V]) empty() bool { return len(k.list) == 0 && len(k.many.m) == 0 }

// kidOf is the node behind a literal token, or nil.
func kidOf[V comparable, S Text](n *node[V], token S) *node[V] {
	if n.kids == nil {
		return nil
	}
	if n.kids.many.m != nil {
		return n.kids.many.m[string(token)]
	}
	for i := range n.kids.list {
		if n.kids.list[i].token == string(token) {
			return n.kids.list[i].node
		}
	}
	return nil
}

// child is the node behind token, which may be a wildcard, or nil.
func (n *node[V]) child(token string) *node[V] {
	switch token {
	case "*":
		return n.star
	case ">":
		return n.tail
	}
	return kidOf(n, token)
}

func (n *node[V]) makeChild(token string) *node[V] {
	made := &node[V]{}
	switch token {
	case "*":
		n.star = made
	case ">":
		n.tail = made
	default:
		if n.kids == nil {
			n.kids = &kids[V]{}
		}
		n.kids.put(token, made)
	}
	return made
}

func (n *node[V]) dropChild(token string) {
	switch token {
	case "*":
		n.star = nil
	case ">":
		n.tail = nil
	default:
		n.kids.remove(token)
		if n.kids.empty() {
			n.kids = nil
		}
	}
}

// insert adds v under the valid subject and reports whether it is new.
func (n *node[V]) insert(subject, queue string, v V) bool {
	for more := true; more; {
		var token string
		token, subject, more = cut(subject)
		next := n.child(token)
		if next == nil {
			next = n.makeChild(token)
		}
		n = next
	}
	added := n.here.add(n.held, queue, v)
	n.held = true
	return added
}

// remove takes v out and prunes the nodes that nobody needs any more.
func (n *node[V]) remove(subject, queue string, v V) (removed bool) {
	token, rest, more := cut(subject)
	next := n.child(token)
	switch {
	case next == nil:
		return false
	case more:
		removed = next.remove(rest, queue, v)
	case next.held:
		removed, next.held = next.here.remove(queue, v)
	}
	if next.empty() {
		n.dropChild(token)
	}
	return removed
}

// walk calls visit for each entry that matches the tokens of subject, until visit returns false; then it returns false too.
// With covers, subject is itself a pattern, and only entries that match all of it are visited: a `*` does not stand for
// its `>`.
func walk[V comparable, S Text](n *node[V], subject S, covers bool, visit func(entry[V]) bool) bool {
	for {
		token, rest, more := cut(subject)
		if n.tail != nil && !visit(n.tail.here) {
			return false
		}
		if n.star != nil && !(covers && isToken(token, '>')) {
			if more && !walk(n.star, rest, covers, visit) || !more && n.star.held && !visit(n.star.here) {
				return false
			}
		}
		if n = kidOf(n, token); n == nil {
			return true
		}
		if !more {
			return !n.held || visit(n.here)
		}
		subject = rest
	}
}
