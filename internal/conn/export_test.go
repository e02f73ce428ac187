package conn

import "time"

// Age makes the last thing that c has read older.
func (c *Conn) Age(by time.Duration) { c.lastRead.Add(int64(-by)) }
