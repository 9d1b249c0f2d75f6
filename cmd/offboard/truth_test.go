package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// standing is how the latest run stands, in its own words. State is empty when
// there is no run.
type standing struct {
	Run   string `json:"run"`
	State string `json:"state"`
	Open  int    `json:"open"`
}

// planned reports whether the run's plan is durable.
func (s standing) planned() bool { return s.State != "" && s.State != "planning" }

// truth holds what the journal says now against the tenant.
func (s *scene) truth() standing {
	s.t.Helper()
	c := s.start(nil, "report", "--report-dir", "now", "-o", "json")
	code, out := c.end(s.t)
	if code == 2 {
		return standing{} // killed before the first run was created
	}
	var now standing
	if err := json.Unmarshal(c.stdout.Bytes(), &now); code != 0 || err != nil {
		s.t.Fatalf("report after a kill: exit code %d, error %v\n%s", code, err, out)
	}
	s.compare("now", s.cast, now.planned())
	if s.steps && now.planned() {
		s.compareWrites("now")
	}
	return now
}

// compare reads report.csv in dir and holds it against the tenant: what became of
// each person of the cast. Each has one line, and with whole nobody has none.
func (s *scene) compare(dir string, cast []person, whole bool) []batch.Outcome {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.dir, dir, "report.csv"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 {
		s.t.Fatalf("%s/report.csv has %d rows, error %v", dir, len(rows), err)
	}
	at := func(name string) int { return slices.Index(rows[0], name) }
	line, input, outcome, after := at("line"), at("input"), at("outcome"), at("valid_from_after")
	told := make([]batch.Outcome, len(cast))
	for _, r := range rows[1:] {
		no, err := strconv.Atoi(r[line])
		i := no - 2 // the header is line 1
		if err != nil || i < 0 || i >= len(cast) || told[i] != "" || r[input] != cast[i].upn {
			s.t.Fatalf("%s/report.csv has line %s, %s, which is no line of the input, or is told twice", dir, r[line], r[input])
		}
		told[i] = batch.Outcome(r[outcome])
		u, known := s.tenant.User(cast[i].upn)
		if s.steps {
			continue // its writes are told one by one, and this is the worst of them
		}
		if why := contradiction(told[i], u, known); why != "" {
			s.t.Errorf("%s/report.csv line %d: %s is %s, %s (%d writes, %d refused)", dir, no, r[input], told[i], why, u.Writes, u.Refused)
		}
		if told[i] == batch.Verified && r[after] == "" {
			s.t.Errorf("%s/report.csv line %d: %s is verified, and no stamp was read back", dir, no, r[input])
		}
	}
	if n := len(rows) - 1; whole && n != len(cast) {
		s.t.Errorf("%s/report.csv has %d lines, and the input %d", dir, n, len(cast))
	}
	return told
}

// contradiction says how an outcome is not what the tenant knows; "" when it may
// be so.
func contradiction(o batch.Outcome, u graphsim.UserState, known bool) string {
	switch o {
	case batch.Verified, batch.Revoked, batch.Unverified, batch.Ineffective:
		if u.Writes == 0 {
			return "and was not written"
		}
	case batch.Denied:
		if u.Refused == 0 {
			return "and was not refused"
		}
	case batch.NotFound:
		if known {
			return "and is in the tenant"
		}
	case batch.NotSent, batch.Invalid: // who was told to wait may be not_sent
		if u.Writes > 0 {
			return "and was written"
		}
	case batch.Unsettled, batch.GaveUp, batch.Failed: // anything may have happened
	default:
		return "which nobody of the cast can be"
	}
	return ""
}

// wholeFiles makes sure that a report which has its name is whole, also when
// offboard was killed while it wrote it.
func (s *scene) wholeFiles(dir string) {
	s.t.Helper()
	s.sealed(dir)
	if _, err := os.Stat(filepath.Join(s.dir, dir, "report.csv")); errors.Is(err, fs.ErrNotExist) {
		return
	}
	s.compare(dir, s.cast, true)
	b, err := os.ReadFile(filepath.Join(s.dir, dir, "report.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return // between the first file and the second
	}
	if n := bytes.Count(b, []byte("\n")); err != nil || n != len(s.cast) {
		s.t.Errorf("%s/report.jsonl has %d lines, error %v, and the input %d", dir, n, err, len(s.cast))
	}
	if s.steps {
		s.compareWrites(dir)
	}
}

// twice is how many writes were more than one per user. It fails for anybody of
// whom the report does not say what must have become of them.
func (s *scene) twice(dir string) int {
	s.t.Helper()
	if !s.sealed(dir) {
		s.t.Errorf("%s has no report.sha256", dir)
	}
	for i, o := range s.compare(dir, s.cast, true) {
		if o != s.cast[i].want {
			s.t.Errorf("%s, line %d, is %q, want %s", s.cast[i].upn, i+2, o, s.cast[i].want)
		}
	}
	return s.extra()
}

// extra is how many writes were more than one per user, those not counted whose
// answer a fault of the tenant kept from the client.
func (s *scene) extra() int {
	writes, more := map[string]int{}, 0
	for _, e := range s.tenant.Log() {
		if e.Method != "POST" || !e.Executed {
			continue
		}
		if writes[e.User]++; writes[e.User] > 1 {
			more++
		}
		switch e.Fault {
		case graphsim.LostAnswer, graphsim.Truncated, graphsim.BadGateway502Item, graphsim.Item504, graphsim.MissingItem:
			more--
		}
	}
	return more
}
