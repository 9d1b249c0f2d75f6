package job

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for systems without time zones of their own: Windows, small containers

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/intake/dates"
)

// options are those of the intake.
func (s Selection) options(now time.Time) (intake.Options, error) {
	opt := intake.Options{Column: s.Column, Preset: s.Preset, Ignore: s.IgnoreColumn, Keep: s.Keep, Where: s.Where, RowsOf: s.RowsOf,
		Encoding: s.Encoding, Sheet: s.Sheet, HeaderLine: s.HeaderLine, NoHeader: s.NoHeader, Now: now}
	if s.Key != "auto" {
		opt.Key = batch.Key(s.Key)
	}
	var zone *time.Location
	if s.dateColumn() != "" || s.TimeZone != localZone {
		var err error
		if zone, err = s.zone(); err != nil {
			return opt, err
		}
	}
	if s.dateColumn() == "" {
		for _, f := range []struct {
			flag  string
			given bool
		}{{"--date-format", s.DateFormat != ""}, {"--as-of", s.AsOf != ""}, {"--start-of-day", s.StartOfDay}} {
			if f.given {
				return opt, fmt.Errorf("%w: %s is about dates; name their column with --date-column", ErrUsage, f.flag)
			}
		}
		return opt, nil
	}
	opt.DateGate = &intake.DateGate{Column: s.DateColumn, Format: s.DateFormat, Zone: zone, StartOfDay: s.StartOfDay, AsOf: now.In(zone).Truncate(time.Second), Now: true}
	if s.AsOf == "" {
		return opt, nil
	}
	opt.DateGate.Now = false
	var err error
	if opt.DateGate.AsOf, err = time.Parse(time.RFC3339, s.AsOf); err != nil {
		opt.DateGate.AsOf, err = dayIn(s.AsOf, zone)
	}
	if err != nil {
		return opt, fmt.Errorf("%w: --as-of %q is neither a time such as 2026-11-22T12:00:00Z nor a day such as 2026-11-22", ErrUsage, s.AsOf)
	}
	return opt, nil
}

// key is what users are searched for by, if they are: as the flag says, or the preset.
func (s Selection) key() batch.Key {
	if k := batch.Key(s.Key); s.Column != "" || k != "" && k != "auto" {
		return k
	}
	searched, _ := intake.PresetTerms(s.Preset)
	return searched
}

// dateColumn is the column of the last days: that of the flag, or of the preset.
func (s Selection) dateColumn() string {
	_, dates := intake.PresetTerms(s.Preset)
	return cmp.Or(s.DateColumn, dates)
}

// localZone is the --time-zone of this machine.
const localZone = "Local"

// zone is where days begin and end. A TZ variable that is no zone would silently mean
// UTC.
func (s Selection) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("%w: --time-zone %q is no time zone such as Europe/Berlin or UTC", ErrUsage, s.TimeZone)
	}
	if tz := os.Getenv("TZ"); zone.String() == "UTC" && s.TimeZone == localZone && !slices.Contains([]string{"", "UTC"}, strings.TrimPrefix(tz, ":")) {
		return nil, fmt.Errorf("%w: the variable TZ is %q, which is no time zone such as Europe/Berlin or UTC: correct it, or name one with --time-zone", ErrUsage, tz)
	}
	return zone, nil
}

// dayIn reads a day such as 2026-11-22, and gives its first moment in the zone.
func dayIn(s string, zone *time.Location) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return day, err
	}
	return dates.StartOfDay(day.Year(), day.Month(), day.Day(), zone), nil
}
