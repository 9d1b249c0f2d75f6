package job

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
	"offboard/batch/intake"
	"offboard/batch/journal"
	"offboard/batch/planfile"
)

// seeder puts users into a simulated tenant.
type seeder func(context.Context, *graphsim.Tenant) error

// Simulated is how a plan calls a simulated tenant, so that no such run is
// ever taken for a real one, or resumed against one.
const Simulated = "a simulated tenant"

// seed makes the user of a row, by the rules of [graphsim.Tenant.Seed].
func seed(t *graphsim.Tenant, r batch.Row) error {
	u := graphsim.User{ID: r.ID, UPN: r.UPN, Enabled: true, Stamp: graphsim.SeedStamp}
	key := batch.Claim{Key: cmp.Or(r.By, batch.ByUPN), Value: r.Value}
	for _, c := range append([]batch.Claim{key}, r.Claims...) { // of two columns of one kind the first
		of := map[batch.Key]*string{batch.ByID: &u.ID, batch.ByUPN: &u.UPN, batch.ByMail: &u.Mail, batch.ByEmployeeID: &u.EmployeeID, batch.ByOnPremisesUPN: &u.OnPremUPN}[c.Key]
		*of = cmp.Or(*of, c.Value)
	}
	return atLine(r.Place(), t.Seed(string(r.By), u))
}

// seedUser makes a user of a plan, as the plan knows them.
func seedUser(t *graphsim.Tenant, at batch.Place, u batch.User) error {
	kind, state := account(u.Type)
	return atLine(at, t.Seed("", graphsim.User{ID: u.ID, UPN: u.UPN, Type: kind, State: state, Enabled: u.Enabled, Synced: u.Synced, Stamp: u.Stamp}))
}

func atLine(at batch.Place, err error) error {
	if err != nil {
		return fmt.Errorf("simulate %s: %w", at, err)
	}
	return nil
}

// account is what Graph says of an account of this type: userType and
// externalUserState.
func account(kind string) (userType, state string) {
	switch kind {
	case batch.Guest:
		return "Guest", "Accepted"
	case batch.InternalGuest:
		return "Guest", ""
	case batch.ExternalMember:
		return "Member", "Accepted"
	}
	return kind, ""
}

// seedFile makes a user of each good row.
func seedFile(in inputs, opt intake.Options) seeder {
	return func(_ context.Context, t *graphsim.Tenant) error {
		rows, err := intake.Open(in.sources(), opt)
		if err != nil {
			return err
		}
		defer rows.Close()
		for row, err := range rows.Rows() {
			if _, bad := errors.AsType[*batch.RowError](err); bad {
				continue
			}
			if err != nil {
				return err
			}
			if err := seed(t, row); err != nil {
				return err
			}
		}
		return nil
	}
}

// seedRun makes the users of a run as it left them, for a command that has no file.
func seedRun(run *journal.Run) seeder { return seedRunBut(run, nil) }

// seedRunBut does so, but for what was taken back.
func seedRunBut(run *journal.Run, back map[thing]bool) seeder {
	return func(ctx context.Context, t *graphsim.Tenant) error {
		for l, err := range run.Lines(ctx) {
			if err == nil && l.Record.Outcome != batch.Invalid && l.Record.Outcome != batch.NotFound {
				err = seedLeft(t, run.Plan(), l, back)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// seedUndone makes the users of a run as it left them, and the runs that took it back.
func (j *job) seedUndone(run *journal.Run) seeder {
	return func(ctx context.Context, t *graphsim.Tenant) error {
		runs, err := run.Undos(ctx)
		if err != nil {
			return err
		}
		back := map[thing]bool{}
		for _, r := range runs {
			for l, err := range r.Lines(ctx) {
				if err != nil {
					return err
				}
				for _, w := range l.Writes {
					if w.Record.Outcome.Kind() == batch.Success {
						back[thingOf(l.User.ID, w.Record.Step.Undoes(), w.Target.ID)] = true
					}
				}
			}
		}
		return seedRunBut(run, back)(ctx, t)
	}
}

// thing is a target of a step, at a user by object id. See thingOf.
type thing struct {
	user   string
	step   batch.Step
	target string
}

// thingOf is the thing; a device is the same one at each user who has it.
func thingOf(user string, step batch.Step, target string) thing {
	if step == batch.Devices && target != "" {
		user = ""
	}
	return thing{user, step, target}
}

// seedLeft makes the user of a line, and does again what the run did. A user of a run that
// takes another one back is left as that one did, but for what is taken back already.
func seedLeft(t *graphsim.Tenant, p batch.Plan, l batch.Line, back map[thing]bool) error {
	var left graphsim.Left
	some := false
	for _, w := range l.AllWrites(p.Steps) {
		step, done := w.Record.Step, w.Record.Changed()
		if of := step.Undoes(); of != "" {
			step, done = of, w.Record.Outcome.Kind() != batch.Success
			l.User.Enabled = l.User.Enabled || step == batch.Disable
		}
		if !done || back[thingOf(l.User.ID, step, w.Target.ID)] {
			continue
		}
		some = true
		switch id := w.Target.ID; {
		case step == batch.Revoke, step == batch.Invalidate: // of one that is still to be proven
			left.Revoked = w.Record.Accepted
		case step == batch.Password:
			left.Password = w.Record.Accepted
		case step == batch.Disable:
			left.Disabled = true
		case step == batch.Devices:
			left.Devices = append(left.Devices, id)
		case step == batch.Groups, step == batch.Licences && id != "":
			left.Groups = append(left.Groups, id)
		case step == batch.Licences:
			var gone []batch.Licence
			if err := json.Unmarshal([]byte(w.Target.Before), &gone); err != nil {
				return atLine(l.Row.Place(), err)
			}
			for _, of := range gone {
				left.Licences = append(left.Licences, of.SKU)
			}
		}
	}
	err := seedUser(t, l.Row.Place(), l.User)
	if err == nil && some {
		err = atLine(l.Row.Place(), t.SetLeft(cmp.Or(l.User.ID, l.User.UPN), left))
	}
	return err
}

// seedPlanFile makes the users of a plan file.
func seedPlanFile(h *Host, name string) seeder {
	return func(_ context.Context, t *graphsim.Tenant) error {
		_, err := h.ReadPlan(name, planfile.Sink{Rows: func(rows []batch.Planned) error {
			for _, p := range rows {
				if p.User.ID == "" {
					continue
				}
				if err := seedUser(t, p.Row.Place(), p.User); err != nil {
					return err
				}
			}
			return nil
		}})
		return err
	}
}

// guarded seeds what the guards name, too, so that they can be rehearsed: the users of
// protect lists, one for each pattern, and groups of somebody who is in no input. Own
// are the guards of the plan, if there is one.
func (h *Host) guarded(people seeder, g Guards, own batch.Guards) seeder {
	return func(ctx context.Context, t *graphsim.Tenant) error {
		if err := people(ctx, t); err != nil {
			return err
		}
		for _, name := range g.Protect {
			rows, patterns, err := h.readProtect(name)
			if err != nil {
				return err
			}
			for _, r := range rows {
				err = errors.Join(err, seed(t, r))
			}
			for _, p := range patterns {
				err = errors.Join(err, t.SeedPattern(p))
			}
			if err != nil {
				return fmt.Errorf("--protect %s: %w", name, err)
			}
		}
		for _, id := range g.over(own, false).Groups {
			if err := t.SeedGroup(id); err != nil {
				return fmt.Errorf("simulate --protect-group: %w", err)
			}
		}
		return nil
	}
}

// simulation makes a tenant as the flags say.
func simulation(faults string, quota bool, cfg graphsim.Config) (*graphsim.Tenant, error) {
	var err error
	if cfg.Faults, err = parseFaults(faults); err != nil {
		return nil, fmt.Errorf("%w: faults: %w", ErrUsage, err)
	}
	cfg.NoQuota = !quota
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%w: simulated tenant: %w", ErrUsage, err)
	}
	return graphsim.New(cfg), nil
}

// parseFaults reads a rate, or the faults in a JSON file.
func parseFaults(s string) ([]graphsim.Fault, error) {
	if s == "" {
		return nil, nil
	}
	if rate, err := strconv.ParseFloat(s, 64); err == nil {
		return graphsim.EveryFault(rate), nil
	}
	f, err := os.Open(s)
	if err != nil {
		return nil, fmt.Errorf("neither a rate such as 0.05 nor a file: %w", err)
	}
	defer f.Close()
	var faults []graphsim.Fault
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&faults); err != nil {
		return nil, fmt.Errorf(`%s is no list of faults such as [{"kind": "Item429", "rate": 0.05, "only": "write"}]: %w`, s, err)
	}
	return faults, nil
}

// simulate serves a tenant on a loopback address for as long as the command runs, and
// signs in to it as to a real one.
func (s *job) simulate(ctx context.Context, seed seeder) (*tenant, error) {
	sim, err := simulation(s.SimulateFaults, s.SimulateQuota, s.named(graphsim.Config{NoLog: true, Latency: 50 * time.Millisecond, FrozenStamps: s.SimulateFrozen}))
	if err != nil {
		return nil, err
	}
	if err := seed(ctx, sim); err != nil {
		return nil, err
	}
	server, err := serve(ctx, sim, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	authority := graph.Authority{URL: "https://login.simulated/", Own: true, Client: &http.Client{Transport: toLoopback{server.addr}}}
	first := graph.Registration{Tenant: sim.TenantID(), Client: sim.ClientID(), Secret: graph.Plain("rehearsal")}
	var auths []*graph.Auth
	for _, r := range append([]graph.Registration{first}, s.more...) {
		auths = append(auths, graph.NewAuth(graph.Global, r.At(authority)))
	}
	s.undo = append(s.undo, server.close)
	return s.clients(ctx, "http://"+server.addr, Simulated, auths)
}

// named gives a simulated tenant the id or the domain that --tenant has, or else that of the
// rehearsal that goes on.
func (s *job) named(cfg graphsim.Config) graphsim.Config {
	switch {
	case batch.IsGUID(s.Tenant):
		cfg.TenantID = s.Tenant
	case s.Tenant != "":
		cfg.TenantID, cfg.Domain = graphsim.IDFor(s.Tenant), s.Tenant
	case s.follows && s.plan.Cloud == Simulated:
		cfg.TenantID = s.plan.Tenant
	}
	return cfg
}

// toLoopback brings what is meant for the simulated authority to it. The
// sign-in library speaks https only, which a loopback address does not need.
type toLoopback struct{ addr string }

func (t toLoopback) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", t.addr
	return http.DefaultTransport.RoundTrip(r)
}

// server is a tenant on a socket.
type server struct {
	http *http.Server
	addr string
	done chan error
}

// serve listens before it returns, so that a client may call at once.
func serve(ctx context.Context, tenant http.Handler, addr string) (*server, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve simulated tenant: %w", err)
	}
	s := &server{http: &http.Server{Handler: tenant, ReadHeaderTimeout: time.Minute}, addr: l.Addr().String(), done: make(chan error, 1)}
	go func() { s.done <- s.http.Serve(l) }() // close waits for it
	return s, nil
}

// close ends the server and waits for it.
func (s *server) close() error {
	err := s.http.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// SimulateOptions are those of simulate.
type SimulateOptions struct {
	File    string        `arg:"" optional:"" help:"A file whose rows become the tenant's users."`
	Listen  string        `help:"The loopback address to listen on." default:"127.0.0.1:8080"`
	Column  string        `env:"OFFBOARD_SIMULATE_COLUMN" help:"The column that names the users." placeholder:"NAME"`
	Key     string        `env:"OFFBOARD_SIMULATE_KEY" help:"What the column names users by: auto, id, upn, mail, employee-id or on-premises-upn." enum:"auto,id,upn,mail,employee-id,on-premises-upn" default:"auto"`
	Faults  string        `help:"Trouble: a rate such as 0.05 for every kind of fault, or a JSON file of faults, such as [{\"kind\": \"Item429\", \"rate\": 0.05, \"only\": \"write\"}]." placeholder:"RATE|FILE"`
	Latency time.Duration `help:"How long every call takes." default:"50ms"`
	Lag     time.Duration `help:"How long reads show the stamp as it was before a revocation."`
	Frozen  bool          `help:"Answer 200 to every revocation, and move no stamp."`
	Quota   bool          `help:"Count writes and reads as Graph documents it." default:"true" negatable:""`
	Log     string        `help:"Append one JSON line per revocation that was executed or refused." placeholder:"FILE" type:"path"`
}

// Simulate serves a tenant for other processes until it is stopped. Ready is told its
// address, and the access token that it takes; its error ends the serving.
func Simulate(ctx context.Context, h *Host, o *SimulateOptions, ready func(addr, token string) error) error {
	host, _, err := net.SplitHostPort(o.Listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%w: --listen %q is no loopback address with a port, such as 127.0.0.1:8080", ErrUsage, o.Listen)
	}
	var log io.Writer
	if o.Log != "" {
		f, err := os.OpenFile(o.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		defer f.Close()
		log = f
	}
	const token = "simulated"
	sim, err := simulation(o.Faults, o.Quota, graphsim.Config{
		StaticToken: token, Latency: o.Latency, Lag: o.Lag, FrozenStamps: o.Frozen, NoLog: true, LogTo: log,
	})
	if err != nil {
		return err
	}
	if o.File != "" {
		in, err := h.read(o.File)
		if err != nil {
			return err
		}
		opt, err := Selection{Column: o.Column, Key: o.Key, TimeZone: localZone}.options(h.Began)
		if err != nil {
			return err
		}
		if err := seedFile(inputs{in}, opt)(ctx, sim); err != nil {
			return err
		}
	}
	server, err := serve(ctx, sim, o.Listen)
	if err != nil {
		return err
	}
	if err = ready(server.addr, token); err == nil {
		select {
		case <-h.Stop:
		case <-ctx.Done():
		}
	}
	err = errors.Join(err, server.close())
	if lost := sim.LogErr(); lost != nil {
		err = errors.Join(fmt.Errorf("write log: %w", lost), err)
	}
	return err
}
