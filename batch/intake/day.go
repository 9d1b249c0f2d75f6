package intake

import "time"

// date is what a cell says: a day, or an instant.
type date struct {
	at      time.Time // as written; without an offset, only the day of it counts
	instant bool
}

// StartOfDay is the first moment of a day, wherever the clocks are changed:
// midnight may not exist, or come twice. If a change takes the clocks back into
// the day before, it is the last time that the day begins.
func StartOfDay(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	end := midnight.Add(36 * time.Hour) // later than the day begins anywhere
	for {
		t := end.Add(-1).In(zone)
		_, offset := t.Zone()
		begins := midnight.Add(-time.Duration(offset) * time.Second)
		since, _ := t.ZoneBounds() // the offset holds from since to end
		switch {
		case !since.IsZero() && !since.Before(begins):
			end = since
		case begins.Before(end):
			return begins
		default:
			return end
		}
	}
}
