package claims

import (
	"net/netip"
	"time"

	"github.com/nats-io/jwt/v2"
)

// fromThere reports whether an address is in one of the networks; without networks any is.
func fromThere(networks []string, addr netip.Addr) bool {
	if len(networks) == 0 {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, network := range networks {
		if p, err := netip.ParsePrefix(network); err == nil && p.Contains(addr) {
			return true
		}
	}
	return false
}

// dayClock is the form of times of day in claims.
const dayClock = "15:04:05"

// open says until when a user may be in: it is a time of day at which it may. Without times it is always, and until is zero.
func open(times []jwt.TimeRange, zone string, now time.Time) (until time.Time, ok bool) {
	if len(times) == 0 {
		return time.Time{}, true
	}
	place := time.Local
	if zone != "" {
		var err error
		if place, err = time.LoadLocation(zone); err != nil {
			return time.Time{}, false
		}
	}
	now = now.In(place)
	for _, t := range times {
		start, err := time.Parse(dayClock, t.Start)
		if err != nil {
			return time.Time{}, false
		}
		end, err := time.Parse(dayClock, t.End)
		if err != nil {
			return time.Time{}, false
		}
		if to := within(now, start, end); to.After(until) {
			until, ok = to, true
		}
	}
	return until, ok
}

// within is the end of the span of hours that now is in; zero if it is in none. A span whose end is before its start goes on
// after midnight.
func within(now, start, end time.Time) time.Time {
	onDay := func(clock time.Time, days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, clock.Hour(), clock.Minute(), clock.Second(), 0, now.Location())
	}
	from, to := onDay(start, 0), onDay(end, 0)
	switch {
	case from.Before(to) && from.Before(now) && now.Before(to):
		return to
	case !to.Before(from):
	case now.Before(to): // since yesterday
		return to
	case from.Before(now):
		return onDay(end, 1)
	}
	return time.Time{}
}
