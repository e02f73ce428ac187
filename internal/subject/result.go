package subject

// Result is who gets a message to one subject. It never changes.
type Result[V comparable] struct {
	// Plain has every subscription without a queue group. One V that subscribed twice in different words is in it twice.
	Plain []V
	// Queues has one element for each name of a queue group. The message goes to one of its members.
	Queues []QueueGroup[V]
}

// QueueGroup is the subscriptions that share a message, from all subjects that match it.
type QueueGroup[V comparable] struct {
	Name    string
	Members []V
}

// Fanout is the number of receivers of a message.
func (r *Result[V]) Fanout() int { return len(r.Plain) + len(r.Queues) }

// size is the number of members that the result lists.
func (r *Result[V]) size() int {
	n := len(r.Plain)
	for i := range r.Queues {
		n += len(r.Queues[i].Members)
	}
	return n
}

// searchUpTo is the number of queue groups up to which names are compared one by one.
const searchUpTo = 16

// collector builds a Result from the entries that match. It allocates nothing before the first.
type collector[V comparable] struct {
	result *Result[V]
	places map[string]int // of the queue groups by name, when they are many
}

// seed is a Result with room for the most frequent case, so that it is one allocation.
type seed[V comparable] struct {
	Result[V]
	first [2]V
}

func (c *collector[V]) take(e entry[V]) {
	if c.result == nil {
		s := &seed[V]{}
		s.Plain = s.first[:0]
		c.result = &s.Result
	}
	r := c.result
	if e.more == nil {
		r.Plain = append(r.Plain, e.one)
		return
	}
	if n := len(e.more.plain.list); n > 0 {
		if len(r.Plain) == 0 {
			r.Plain = e.more.plain.lend()
		} else {
			r.Plain = append(r.Plain, e.more.plain.list...)
		}
	}
	if e.more.queues != nil {
		c.takeQueues(e.more.queues)
	}
}

func (c *collector[V]) takeQueues(g *groups[V]) {
	r := c.result
	before := len(r.Queues)
	if before == 0 {
		r.Queues = make([]QueueGroup[V], 0, len(g.of))
	}
	for i, name := range g.names.list {
		// Names are unique within one subject, so only the groups of other subjects can be of the same name.
		at := c.place(name, before)
		if at < 0 {
			r.Queues = append(r.Queues, QueueGroup[V]{name, g.of[i].lend()})
			if c.places != nil {
				c.places[name] = len(r.Queues) - 1
			}
			continue
		}
		q := &r.Queues[at]
		q.Members = append(q.Members, g.of[i].list...)
	}
}

// place finds name among the first n groups of the result.
func (c *collector[V]) place(name string, n int) int {
	if n > searchUpTo && c.places == nil {
		c.places = make(map[string]int, n)
		for i := range c.result.Queues {
			c.places[c.result.Queues[i].Name] = i
		}
	}
	if c.places != nil {
		if at, ok := c.places[name]; ok {
			return at
		}
		return -1
	}
	for i := range n {
		if c.result.Queues[i].Name == name {
			return i
		}
	}
	return -1
}
