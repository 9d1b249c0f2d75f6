package planfile

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"offboard/batch"
)

// fill gives every field of a struct a value of its own that is not zero.
func fill(v reflect.Value, n *int) {
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * time.Millisecond)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.String:
		v.SetString("text " + string(rune(' '+*n%90)) + `"\` + "\n\ufeff")
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("a kind that no plan had: " + v.Kind().String())
	}
}

// TestEveryFieldTravels fails when a field is added to a type that a plan file
// holds, and not to the file.
func TestEveryFieldTravels(t *testing.T) {
	t.Parallel()
	var in content
	n := 0
	in.rows = make([]batch.Planned, 3)
	for _, v := range []any{&in.head, &in.rows[0], &in.rows[1]} {
		fill(reflect.ValueOf(v).Elem(), &n)
	}
	in.head.Plan.Digest = batch.JointDigest(in.head.Plan.Inputs)
	in.skips = []batch.Skip{{File: in.head.Plan.Inputs[1].Name, Line: 7, Reason: "blank"}}
	in.rows[0].Row.File, in.rows[1].Row.File = in.head.Plan.Inputs[0].Name, in.head.Plan.Inputs[1].Name
	for i := range in.rows {
		p := &in.rows[i] // what is of planning alone
		p.Row.From, p.Row.Claims = time.Time{}, nil
		p.User.Mail, p.User.EmployeeID, p.User.OnPremisesUPN = "", "", ""
		p.User.AsOf, p.User.StampOf = time.Time{}, ""
		p.User.Disabled, p.User.Restricted, p.User.PasswordSet, p.User.Licences = false, false, time.Time{}, ""
		for i := range p.Targets {
			g := &p.Targets[i]
			g.Step, g.Dynamic, g.MailOnly, g.GivesLicences, g.Restricted, g.RegisteredOnly, g.Unknown = batch.Devices, false, false, false, false, false, false
		}
		p.Row.Seq, p.Row.Undo = 0, nil
	}
	in.head.Plan.Run, in.head.Plan.Undoes = "", "" // of no plan file
	in.head.Plan.Rows, in.head.Plan.Users, in.head.Plan.Writes, in.head.Plan.Steps = 3, 1, 1, []batch.Step{batch.Invalidate, batch.Devices}
	for i := range in.rows[:2] {
		in.rows[i].Row.By, in.rows[i].User.By = batch.ByMail, batch.ByEmployeeID
	}
	ended, user := &in.rows[0], &in.rows[1]
	ended.User.Seq, ended.DuplicateOf, ended.Record.Seq, ended.Record.Outcome = 1, 0, 1, batch.Invalid
	ended.Record.SentAt, ended.Record.Accepted = time.Time{}, time.Time{} // of nobody in a plan
	ended.Targets, ended.Records = nil, nil
	user.User.Seq, user.DuplicateOf, user.Record = 2, 0, nil
	for i := range user.Records { // of the target
		k := &user.Records[i]
		k.Seq, k.Step, k.Target, k.Outcome, k.SentAt, k.Accepted = 2, batch.Devices, user.Targets[i].ID, batch.Already, time.Time{}, time.Time{}
	}
	in.rows[2] = batch.Planned{Row: user.Row, User: batch.User{Seq: 3}, DuplicateOf: 2}

	file, _ := written(t, in)
	out, _, err := reread(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(in, out, cmp.Exporter(func(reflect.Type) bool { return true })); d != "" {
		t.Errorf("written and read (-want +got):\n%s", d)
	}
}

// TestNameless holds that a plan file is of no run.
func TestNameless(t *testing.T) {
	plain, _ := written(t, tiny())
	in := tiny()
	in.head.Plan.Run = "20261122-120000-abcd"
	if file, _ := written(t, in); !bytes.Equal(file, plain) {
		t.Errorf("%s", file)
	}
}

func TestNoUTF8(t *testing.T) {
	in := tiny()
	in.rows[0].Row.Input, in.rows[0].Row.Cells = "\xffa", []string{"b\xe9"}
	file, _ := written(t, in)
	out, _, err := reread(file)
	if err != nil || out.rows[0].Row.Input != "\ufffda" || out.rows[0].Row.Cells[0] != "b\ufffd" {
		t.Errorf("%+v, error %v", out.rows, err)
	}
	for name, change := range map[string]func(*batch.User){
		"id":    func(u *batch.User) { u.ID = "\xff" },
		"upn":   func(u *batch.User) { u.UPN = "a\xff@x" },
		"value": func(u *batch.User) { u.Value = "\xc3" },
	} {
		in := tiny()
		change(&in.rows[0].User)
		if _, err := Write(io.Discard, in.head, pairs(in.rows), pairs(in.skips)); !errors.Is(err, ErrRow) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnwritable: what could not be read again is not written.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*content){
		"long line":    func(c *content) { c.rows[0].Row.Input = strings.Repeat("a", maxLine) },
		"far year":     func(c *content) { c.head.Plan.Created = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"year below 0": func(c *content) { c.rows[0].User.Stamp = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		in := tiny()
		change(&in)
		if _, err := Write(io.Discard, in.head, pairs(in.rows), pairs(in.skips)); !errors.Is(err, ErrRow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	in := tiny()
	in.rows[0].Row.Input = strings.Repeat("a", maxLine-300)
	in.rows[0].User.Stamp = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	file, _ := written(t, in)
	if out, _, err := reread(file); err != nil || !reflect.DeepEqual(out, in) {
		t.Errorf("a long line: %v", err)
	}
}

var errFull = errors.New("disk is full")

// shortDisk takes so many bytes.
type shortDisk int

func (d *shortDisk) Write(b []byte) (int, error) {
	if *d -= shortDisk(len(b)); *d < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func failing[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		_ = yield(list[0], nil) && yield(none, errFull)
	}
}

func TestWriteFails(t *testing.T) {
	in := tiny()
	for _, room := range []int{0, 100} {
		d := shortDisk(room)
		if _, err := Write(&d, in.head, pairs(in.rows), pairs(in.skips)); !errors.Is(err, errFull) {
			t.Errorf("room for %d: %v", room, err)
		}
	}
	if _, err := Write(io.Discard, in.head, failing(in.rows), pairs(in.skips)); !errors.Is(err, errFull) {
		t.Errorf("rows: %v", err)
	}
	if _, err := Write(io.Discard, in.head, pairs(in.rows), failing(in.skips)); !errors.Is(err, errFull) {
		t.Errorf("skips: %v", err)
	}
}
