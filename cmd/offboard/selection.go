package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for systems without time zones of their own: Windows, small containers

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/intake"
)

// selection says whom the input names.
type selection struct {
	Column       string   `help:"The column that names the users, when no header is recognised. A column whose header speaks of mail or employee ids needs --key, too." placeholder:"NAME" choice:""`
	IgnoreColumn []string `help:"Leave out a recognised column, whose cells are not what the directory has, or do not count as a status or leaving date. Every other recognised column must agree with the user found. Repeatable." placeholder:"NAME" sep:"none"`
	Key          string   `help:"What the column names users by: auto, id, upn, mail, employee-id or on-premises-upn. Mail, employee id and on-premises name are searched for; if several users have the value, none of them is touched." enum:"auto,id,upn,mail,employee-id,on-premises-upn" default:"auto" choice:""`
	Where        []string `help:"Take only rows in which the column has the value, in capitals or not; others end skipped. There is no other comparison. Repeatable, for different columns: all must hold." placeholder:"COLUMN=VALUE" sep:"none" choice:""`
	DateColumn   string   `help:"The column of the last day, or of the moment of leaving: rows that leave later, or not at all, end skipped." placeholder:"NAME" choice:""`
	DateFormat   string   `help:"How dates are written when not as in ISO 8601, such as DD.MM.YYYY or M/D/YYYY." placeholder:"FORMAT" choice:""`
	AsOf         string   `help:"The moment that counts as now for dates: RFC 3339, or a day, which means its beginning. Default: now." placeholder:"TIME" choice:""`
	TimeZone     string   `help:"Where days begin and end, such as Europe/Berlin. Default: this machine's." placeholder:"ZONE" default:"Local" choice:""`
	StartOfDay   bool     `help:"Take a row from the beginning of its day, not from its end." choice:""`
	AllowRenamed bool     `help:"Accept an object id whose user has another UPN than the file says." choice:""`
}

// options are those of the intake.
func (s selection) options(now time.Time) (intake.Options, error) {
	opt := intake.Options{Column: s.Column, Ignore: s.IgnoreColumn, Where: s.Where}
	if s.Key != "auto" {
		opt.Key = batch.Key(s.Key)
	}
	var zone *time.Location
	if s.DateColumn != "" || s.TimeZone != localZone {
		var err error
		if zone, err = s.zone(); err != nil {
			return opt, err
		}
	}
	if s.DateColumn == "" {
		for flag, given := range map[string]bool{"--date-format": s.DateFormat != "", "--as-of": s.AsOf != "", "--start-of-day": s.StartOfDay} {
			if given {
				return opt, fmt.Errorf("%w: %s is about dates; name their column with --date-column", errUsage, flag)
			}
		}
		return opt, nil
	}
	opt.Date = &intake.DateGate{Column: s.DateColumn, Format: s.DateFormat, Zone: zone, StartOfDay: s.StartOfDay, AsOf: now.In(zone).Truncate(time.Second), Now: true}
	if s.AsOf == "" {
		return opt, nil
	}
	opt.Date.Now = false
	var err error
	if opt.Date.AsOf, err = time.Parse(time.RFC3339, s.AsOf); err != nil {
		opt.Date.AsOf, err = dayIn(s.AsOf, zone)
	}
	if err != nil {
		return opt, fmt.Errorf("%w: --as-of %q is neither a time such as 2026-11-22T12:00:00Z nor a day such as 2026-11-22", errUsage, s.AsOf)
	}
	return opt, nil
}

// localZone is the --time-zone of this machine.
const localZone = "Local"

// zone is where days begin and end. A TZ variable that is no zone would silently mean
// UTC.
func (s selection) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("%w: --time-zone %q is no time zone such as Europe/Berlin or UTC", errUsage, s.TimeZone)
	}
	if tz := os.Getenv("TZ"); zone.String() == "UTC" && s.TimeZone == localZone && !slices.Contains([]string{"", "UTC"}, strings.TrimPrefix(tz, ":")) {
		return nil, fmt.Errorf("%w: the variable TZ is %q, which is no time zone such as Europe/Berlin or UTC: correct it, or name one with --time-zone", errUsage, tz)
	}
	return zone, nil
}

// dayIn reads a day such as 2026-11-22, and gives its first moment in the zone.
func dayIn(s string, zone *time.Location) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return day, err
	}
	return intake.StartOfDay(day.Year(), day.Month(), day.Day(), zone), nil
}

// choosesTwice refuses a second value of a flag that says whom the input names: the
// last one would silently take the place of a gate.
func choosesTwice(k *kong.Context) error {
	once := map[string]bool{"column": false, "key": false, "date-column": false, "date-format": false, "as-of": false, "time-zone": false}
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		given, chooses := once[p.Flag.Name]
		if given {
			return fmt.Errorf("%w: --%s is given twice, and can have one value", errUsage, p.Flag.Name)
		}
		if chooses {
			once[p.Flag.Name] = true
		}
	}
	return nil
}
