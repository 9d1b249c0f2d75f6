package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"offboard/batch"
)

// object is a JSON object whose keys keep their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes text as it is: <, > and & need no escape in a file that is no
// web page.
func (o object) MarshalJSON() ([]byte, error) {
	if len(o) == 0 {
		return []byte("{}"), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	sep := "{"
	for _, m := range o {
		fmt.Fprintf(&b, "%s%q:", sep, m.key)
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
		sep = ","
	}
	b.WriteString("}")
	return b.Bytes(), nil
}

// document is all that is told of a run, in the order in which [JSON] writes it and [Text]
// tells some of it.
func document(e End) object {
	p, t := e.Plan, e.Timing
	counts := object{}
	for _, o := range batch.Outcomes {
		counts = append(counts, member{string(o), e.Summary.Counts[o]})
	}
	sessions := []object{}
	for _, s := range e.Sessions {
		sessions = append(sessions, object{{"began_at", orNull(s.Began)}, {"by", s.By}})
	}
	o := object{
		{"run", p.Run},
		{"state", e.State},
		{"reason", orNull(e.Reason)},
		{"held_by", orNull(e.Held)},
		{"dry_run", e.Dry},
		{"input", p.Input},
		{"input_sha256", orNull(p.Digest)},
		{"inputs", append([]batch.InputFile{}, p.Inputs...)},
		{"settings", append([]batch.Setting{}, p.Settings...)},
		{"rows", p.Rows},
		{"users", p.Users}, // whom the plan concerns, and what it sends
		{"writes", p.Writes},
		{"skipped_lines", e.Skips},
		{"source", orNull(p.Terms.Source)}, // of an applied plan file, which is the input then
		{"source_sha256", orNull(p.Terms.SourceSHA256)},
		{"undoes", orNull(p.Undoes)}, // the run that this one takes back
		{"taken_back_by", undosOf(e.TakenBack)},
		{"campaign", orNull(e.Campaign)},      // that the run is of
		{"plan_sha256", orNull(e.PlanSHA256)}, // of the sealed plan in the journal
		{"approvals", append([]batch.Approval{}, p.Terms.Approvals...)},
		{"tenant", orNull(p.Tenant)},
		{"app", orNull(p.App)},
		{"cloud", orNull(p.Cloud)},
		{"steps", append([]batch.Step{}, p.Steps...)},
		{"operator", object{ // who made the plan, or applied it
			{"app", orNull(p.App)},
			{"user", orNull(p.Terms.User)}, // null for an app of its own
			{"user_name", orNull(p.Terms.UserName)},
			{"os_user", orNull(p.Terms.OSUser)},
			{"host", orNull(p.Terms.Host)},
		}},
		{"version", orNull(p.Version)},
		{"created_at", orNull(p.Created)},
		{"sessions", sessions},
		{"ended_at", orNull(e.Ended)},
		{"written_at", orNull(e.Written)},
		{"lines", e.Summary.Lines},
		{"counts", counts},
		{"success", e.count(batch.Success)},
		{"neutral", e.count(batch.Neutral)},
		{"failure", e.count(batch.Failure)},
		{"open", e.open()},
		{"people", object{ // each once, however many lines name them
			{"all", e.people().Summary.Lines},
			{"success", e.people().count(batch.Success)},
			{"neutral", e.people().count(batch.Neutral)},
			{"failure", e.people().count(batch.Failure)},
			{"open", e.people().open()},
		}},
	}
	o = append(append(append(o, stepMembers(e)...), slaMembers(e)...), object{
		{"accounts", p.Accounts}, // the users of the plan, as the directory had them
		{"timing", object{ // in seconds from the first call
			{"started_at", orNull(t.Started)},
			{"users", t.Users},
			{"median_s", reached(t, t.Median)},
			{"p95_s", reached(t, t.P95)},
			{"last_s", reached(t, t.Last)},
			{"refused", t.Refused},
			{"waits_s", object{
				{"paused", t.Waits.Paused.Seconds()},
				{"quota", t.Waits.Quota.Seconds()},
				{"learned", t.Waits.Learned.Seconds()},
				{"rate", t.Waits.Rate.Seconds()},
			}},
			{"interruptions", append([]batch.Interruption{}, t.Waits.Interruptions...)},
		}},
		{"report_dir", orNull(e.Dir)},
		{"files", append([]string{}, e.Files...)},
		{"retry", orNull(e.retry())},
		{"resume", orNull(e.Resume)},
	}...)
	return o
}

// Value is what [JSON] writes under a key; nil for a key that it does not have.
func Value(e End, key string) any {
	for _, m := range document(e) {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// undosOf are undos of a run as JSON: a list that may be empty.
func undosOf(undos []Undo) []object {
	all := []object{}
	for _, u := range undos {
		all = append(all, object{{"run", u.Run}, {"part", orNull(u.Part)}, {"began_at", orNull(u.Began)}, {"state", u.State}, {"rows", u.Rows}, {"failure", u.Failed}})
	}
	return all
}

// JSON writes the end of a run as one JSON document. Every key is always there. Text
// and times that are not known, or of which there is none, are null; lists are empty
// instead. Times are in UTC.
//
// rows is what the plan says the input has, lines what the report has; they
// are equal unless records are missing. counts has every outcome, zero
// included. Of a run whose users may have several writes step_counts counts users and
// targets by step, contained users, and left_for_others the writes that Graph cannot do. success, neutral and failure add up to lines; open is the part of
// failure that a resumed run works on. In a dry run not_sent is neutral.
func JSON(w io.Writer, e End) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document(e)); err != nil {
		return fmt.Errorf("write summary as JSON: %w", err)
	}
	return nil
}

// Selected writes one JSON document with two keys: "summary" is what [JSON]
// writes of the whole run, and "lines" a list of the lines given, each as
// report.jsonl has it. The lines are written as they come. After an error the
// document is cut off, and no JSON.
func Selected(w io.Writer, e End, lines iter.Seq2[batch.Line, error]) error {
	out := bufio.NewWriter(w) // it keeps an error until it is flushed
	out.WriteString(`{"summary":`)
	if err := JSON(out, e); err != nil {
		return err
	}
	out.WriteString(`,"lines":[`)
	sep, columns := "\n", columnsOf(e.Plan)
	for l, err := range lines {
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		out.WriteString(sep)
		if _, err := out.Write(appendLine(nil, e.Plan, columns, cells(nil, columns, &l), &l)); err != nil {
			break
		}
		sep = "\n,"
	}
	out.WriteString("\n]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write lines as JSON: %w", err)
	}
	return nil
}

// Line writes one line as report.jsonl has it, at once.
func Line(w io.Writer, p batch.Plan, l *batch.Line) error {
	columns := columnsOf(p)
	_, err := w.Write(append(appendLine(nil, p, columns, cells(nil, columns, l), l), '\n'))
	return err
}

// orNull is nil for empty text and for the zero time.
func orNull(v any) any {
	if t, ok := v.(time.Time); ok {
		v = utc(t)
	}
	if v == "" {
		return nil
	}
	return v
}

// reached is nil when no user came so far.
func reached(t batch.Timing, d time.Duration) any {
	if t.Users == 0 {
		return nil
	}
	return d.Seconds()
}
