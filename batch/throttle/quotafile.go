package throttle

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ParseQuotas reads a quota file and gives the documented quotas with the
// file's lines in their place. A line names a quota of [Documented], its limit
// and its window, or "off" to drop it; what the file does not name stays:
//
//	# our app has a raised limit
//	app+tenant-writes  9,000  150s
//	app-calls          off
//
// Errors name the line, what is wrong with it, and what to write instead.
func ParseQuotas(r io.Reader) ([]Quota, error) {
	quotas := Documented()
	off := make(map[string]bool)
	seen := make(map[string]int)
	in := bufio.NewScanner(r)
	no := 0
	for in.Scan() {
		no++
		text, _, _ := strings.Cut(strings.TrimPrefix(in.Text(), "\uFEFF"), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		q := find(quotas, fields[0])
		if q == nil {
			return nil, fmt.Errorf("quota file line %d: unknown quota %q; the names are %s", no, fields[0], names(quotas))
		}
		if first := seen[q.Name]; first > 0 {
			return nil, fmt.Errorf("quota file line %d: %s was already set on line %d; keep one of them", no, q.Name, first)
		}
		seen[q.Name] = no
		if len(fields) == 2 && fields[1] == "off" {
			off[q.Name] = true
			continue
		}
		if err := q.set(fields[1:]); err != nil {
			return nil, fmt.Errorf("quota file line %d: %s: %w", no, q.Name, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read quota file after line %d: %w", no, err)
	}
	var on []Quota
	for _, q := range quotas {
		if !off[q.Name] {
			on = append(on, q)
		}
	}
	return on, nil
}

// set takes the limit and the window from a line's fields.
func (q *Quota) set(fields []string) error {
	if len(fields) != 2 {
		return fmt.Errorf("want a limit and a window, as in \"%s %d %s\", or \"off\"; got %d fields after the name",
			q.Name, q.Limit, q.Window, len(fields))
	}
	limit, err := strconv.Atoi(strings.NewReplacer(",", "", "_", "").Replace(fields[0]))
	if err != nil || limit < 1 || limit > 1e9 {
		return fmt.Errorf("limit %q: write a whole number from 1 to 1,000,000,000, or \"off\"", fields[0])
	}
	window, err := time.ParseDuration(fields[1])
	if err != nil || window < time.Second || window > 24*time.Hour {
		return fmt.Errorf("window %q: write a time from 1s to 24h, such as 150s or 5m", fields[1])
	}
	q.Limit, q.Window, q.Origin = limit, window, "quota file"
	return nil
}

func find(quotas []Quota, name string) *Quota {
	for i := range quotas {
		if quotas[i].Name == name {
			return &quotas[i]
		}
	}
	return nil
}

func names(quotas []Quota) string {
	var all []string
	for _, q := range quotas {
		all = append(all, q.Name)
	}
	return strings.Join(all, ", ")
}
