package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
)

// The doctor looks at everything that a run with the same command line would need, and
// writes nothing but probes that it removes.

// DoctorOptions are those of doctor: the command line of a run, which it looks at.
type DoctorOptions struct{ RunOptions }

// Health is what is to be said of one thing.
type Health string

// A note is no trouble; unknown is what could not be looked at, since something else is in trouble.
const (
	Well    Health = "ok"
	Noted   Health = "note"
	Trouble Health = "trouble"
	Unknown Health = "unknown"
)

// Diagnosis is what was seen of one thing, and for a trouble what mends it.
type Diagnosis struct {
	Name     string   `json:"name"`
	State    Health   `json:"state"`
	Seen     string   `json:"seen"`
	Remedy   string   `json:"remedy,omitempty"`
	Commands []string `json:"commands,omitempty"` // of the remedy, to be pasted into a shell one after another
	Err      error    `json:"-"`                  // of a trouble whose remedy is what a run says of it
}

// ErrUnwell says that something is in trouble.
var ErrUnwell = errors.New("a run would not go well")

// examination looks at one thing, where that matters to the run, once all that it comes
// after is well or noted.
type examination struct {
	name  string
	when  func(*doctor) bool // nil is always
	after []string
	look  func(*doctor, context.Context) Diagnosis
	runs  bool // a run does as much of it, before it plans
}

var examinations = []examination{
	{"file", (*doctor).hasInput, nil, (*doctor).file, true},
	{"lists", nil, nil, (*doctor).lists, true},
	{"journal", nil, nil, (*doctor).journal, false},
	{"report", nil, nil, (*doctor).reports, false},
	{"notice", (*doctor).tells, nil, (*doctor).notice, false},
	{"credential", nil, nil, (*doctor).credential, true},
	{"proxy", (*doctor).calls, nil, (*doctor).proxy, false},
	{"graph", (*doctor).calls, []string{"proxy"}, (*doctor).graph, false},
	{"authority", (*doctor).asksAuthority, []string{"proxy"}, (*doctor).login, false},
	{"clock", (*doctor).calls, nil, (*doctor).time, false},
	{"sign-in", nil, []string{"credential", "proxy", "authority"}, (*doctor).identity, true},
	{"tenant", nil, nil, (*doctor).whose, false},
	{"permissions", nil, []string{"sign-in"}, (*doctor).permissions, false},
	{"roles", nil, []string{"sign-in", "graph"}, (*doctor).roles, false},
	{"licences", (*doctor).takesLicences, []string{"sign-in", "graph"}, (*doctor).licences, false},
	{"read", (*doctor).looksUp, []string{"sign-in", "graph", "tenant"}, (*doctor).read, false},
	{"batch", nil, []string{"sign-in", "graph", "tenant"}, (*doctor).batch, true},
	{"guards", nil, []string{"file", "lists", "journal", "sign-in", "graph", "tenant", "permissions", "read", "batch"}, (*doctor).guarding, true},
	{"deadline", (*doctor).hasDeadline, []string{"guards"}, (*doctor).deadline, false},
	{"quota", nil, []string{"sign-in", "graph"}, (*doctor).quota, false},
}

func (d *doctor) hasInput() bool      { return len(d.o.File)+len(d.o.User) > 0 }
func (d *doctor) hasDeadline() bool   { return d.limit > 0 }
func (d *doctor) tells() bool         { return d.untold != nil || d.o.NotifyFile+d.o.MetricsFile != "" }
func (d *doctor) calls() bool         { return !d.Simulate }
func (d *doctor) looksUp() bool       { return d.plan.Resolve }
func (d *doctor) takesLicences() bool { return slices.Contains(d.steps, batch.Licences) }

// asksAuthority reports whether the sign-in service is needed: by the way to sign in, or to
// find a tenant by a domain.
func (d *doctor) asksAuthority() bool {
	byDomain := slices.ContainsFunc([]string{d.Tenant, d.env.Tenant()}, func(name string) bool { return name != "" && !batch.IsGUID(name) })
	return d.calls() && d.authority.URL != "" && (byDomain || d.unready == nil && !slices.Contains([]graph.Way{graph.ByCLI, graph.ManagedIdentity, graph.ByToken}, d.way.Way))
}

// doctor is a job of which everything is looked at and nothing done.
type doctor struct {
	*job
	o            *DoctorOptions
	steps        []batch.Step
	wire         http.RoundTripper
	clock        batch.Clock     // the first that a host has told
	unready      error           // why no sign-in can be made
	nameless     error           // no tenant was named
	want, wantBy string          // the tenant that was named, and where
	unwanted     error           // why it was not found
	users        []batch.User    // of the file, to be looked up
	people       map[string]bool // of the file, each once, by what names them
	unpaced      error           // what is wrong with quotas
	untold       error           // what is wrong with --notify-file and --metrics-file
	limit        time.Duration   // --deadline
	spent        time.Duration   // by what a run does, too, before it plans
	rows         int             // of the file that name somebody, gates passed
	percent      float64         // of a limit, the most that Graph said is used up
	found        []Diagnosis
	refused      *batch.CallError // with 429
}

// patience is how long the doctor waits for one answer, and signInPatience for a sign-in.
const (
	patience       = 10 * time.Second
	signInPatience = 20 * time.Second
)

// Doctor looks at all that a run needs, and tells it in order. What is wrong with the command line
// itself is an error of usage; troubles are ErrUnwell.
// Untold is what is wrong with the files that tell other programs of the end of a run.
func Doctor(ctx context.Context, h *Host, o *DoctorOptions, untold error) ([]Diagnosis, error) {
	mine := *o // the caller prints what was given
	o = &mine
	d := &doctor{job: h.newJob(&o.Connection, &o.Execution), o: o, untold: untold, limit: o.Deadline}
	o.Outage, o.Deadline = patience, 0
	defer d.close()
	var err error
	if d.steps, err = o.checkFlags(); err != nil {
		return nil, err
	}
	d.plan = batch.Plan{Run: newName(time.Now()), Created: time.Now(), Steps: d.steps, Resolve: !o.NoResolve, Verify: !o.NoResolve && !o.NoVerify}
	d.key = o.key()
	d.unpaced = d.pace()
	if d.Simulate && d.GraphURL != "" {
		return nil, fmt.Errorf("%w: --simulate and --graph-url exclude each other", ErrUsage)
	}
	if err := d.locate(); errors.Is(err, ErrUsage) {
		return nil, err
	}
	d.sortOut(d.prepare())
	d.wire = d.network(4)
	for _, e := range examinations {
		select {
		case <-d.Stop:
			return d.found, batch.ErrStopped
		default:
		}
		if ctx.Err() != nil {
			return d.found, context.Cause(ctx)
		}
		if e.when == nil || e.when(d) {
			began := time.Now()
			found := d.examine(ctx, e)
			if e.runs {
				d.spent += time.Since(began)
			}
			found.Name = e.name
			d.found = append(d.found, found)
		}
	}
	var ill []string
	for _, f := range d.found {
		if f.State == Trouble {
			ill = append(ill, f.Name)
		}
	}
	if len(ill) == 0 {
		return d.found, nil
	}
	return d.found, fmt.Errorf("%w; %s: %s", ErrUnwell, batch.Plural(len(ill), "trouble"), strings.Join(ill, ", "))
}

// failed reports whether one of these is in trouble, or unknown.
func (d *doctor) failed(names ...string) (name string, is bool) {
	for _, f := range d.found {
		if slices.Contains(names, f.Name) && (f.State == Trouble || f.State == Unknown) {
			return f.Name, true
		}
	}
	return "", false
}

// each looks at every app, and tells of all that are worst.
func (d *doctor) each(look func(i int, a app) Diagnosis) Diagnosis {
	var all []Diagnosis
	for i, a := range d.tenant.apps {
		all = append(all, look(i, a))
	}
	return together(all)
}

// together is one diagnosis of all those that are worst.
func together(all []Diagnosis) Diagnosis {
	var worst Diagnosis
	var seen, remedies []string
	add := func(list *[]string, lines ...string) {
		for _, line := range lines {
			if line != "" && !slices.Contains(*list, line) {
				*list = append(*list, line)
			}
		}
	}
	for _, state := range []Health{Trouble, Unknown, Noted, Well} {
		for _, d := range all {
			if d.State != state {
				continue
			}
			worst.State, worst.Err = state, cmp.Or(worst.Err, d.Err)
			add(&seen, d.Seen)
			add(&remedies, d.Remedy)
			add(&worst.Commands, d.Commands...)
		}
		if worst.State != "" {
			break
		}
	}
	worst.Seen, worst.Remedy = strings.Join(seen, "; "), strings.Join(remedies, "; ")
	return worst
}

// examine looks at one thing, unless what it comes after is not well.
func (d *doctor) examine(ctx context.Context, e examination) Diagnosis {
	if name, failed := d.failed(e.after...); failed {
		return unknownBefore(name)
	}
	return e.look(d, ctx)
}

func unknownBefore(name string) Diagnosis {
	return Diagnosis{State: Unknown, Seen: "not known before " + name + " is well"}
}

func well(format string, args ...any) Diagnosis {
	return Diagnosis{State: Well, Seen: fmt.Sprintf(format, args...)}
}

func noted(format string, args ...any) Diagnosis {
	return Diagnosis{State: Noted, Seen: fmt.Sprintf(format, args...)}
}

// ill is a trouble. Its error, when it has one, says what was seen and may know the remedy.
func ill(seen, remedy string, commands ...string) Diagnosis {
	return Diagnosis{State: Trouble, Seen: seen, Remedy: remedy, Commands: commands}
}

func illBy(err error) Diagnosis { return Diagnosis{State: Trouble, Seen: err.Error(), Err: err} }

// gauge reads how much of a limit an answer says is used up.
type gauge struct {
	next http.RoundTripper
	most *float64
}

func (g gauge) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(r)
	if err == nil {
		percent, _ := strconv.ParseFloat(resp.Header.Get("x-ms-throttle-limit-percentage"), 64) // mostly there is none
		*g.most = max(*g.most, percent)
	}
	return resp, err
}
