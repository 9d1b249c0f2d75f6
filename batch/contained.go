package batch

import "slices"

// Contains reports whether the steps do more to keep an intruder out than end sessions.
func Contains(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s.Urgent() && !s.movesStamp() })
}

// Contained reports whether the directory showed all urgent ones of the steps of the line's user
// done, whatever became of the others. What was accepted and not read back is not, and
// what was so before the run is not where it may return.
func (l *Line) Contained(steps []Step) bool {
	open := func(w Write) bool {
		o := w.Record.Outcome
		return w.Target.Step.Urgent() && (o != Verified && o != Already || o == Already && w.MayReturn(l.User))
	}
	all := l.AllWrites(steps)
	if l.Whole && (Several(steps) || len(all) == 0) {
		return false
	}
	return !slices.ContainsFunc(all, open)
}

// MayReturn reports whether a directory on premises is the master of what the write
// disables at the user: then the next sync enables it again, unless it is disabled there,
// too.
func (w Write) MayReturn(u User) bool {
	return w.Target.Step == Disable && u.Synced || w.Target.Step == Devices && w.Target.OnPremises
}

// Obstacle is why a run alone will not contain a user.
type Obstacle string

// The obstacles in the order in which they are told.
const (
	SyncedAccount   Obstacle = "account mastered on premises"
	SyncedComputer  Obstacle = "computer mastered on premises"
	HomeTenant      Obstacle = "account of another tenant"
	RoleHolder      Obstacle = "privileged role"
	RoleGroupMember Obstacle = "member of a role-assignable group"
	RestrictedUnit  Obstacle = "restricted administrative unit"
	OtherSystem     Obstacle = "device that no app can disable"
	SharedDevice    Obstacle = "device that others may use"
	UnlistedDevices Obstacle = "devices that could not be listed"
)

// Obstacles are all of them.
var Obstacles = [...]Obstacle{SyncedAccount, SyncedComputer, HomeTenant, RoleHolder, RoleGroupMember, RestrictedUnit, OtherSystem, SharedDevice, UnlistedDevices}

// obstacles are why a run with these steps alone will not contain the user, as far as
// planning can tell, each once.
func (p Planned) obstacles(steps []Step) (all []Obstacle) {
	ended := map[Mark]Record{}
	for _, r := range p.Records {
		ended[Mark{Step: r.Step, Target: r.Target}] = r
	}
	inRoleGroup := slices.ContainsFunc(p.Targets, func(t Target) bool { return t.Kind == RoleAssignable })
	look := func(t Target) {
		rec, over := ended[Mark{Step: t.Step, Target: t.ID}]
		add := func(is bool, o Obstacle) {
			if is && !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
		account := t.Step == Disable || t.Step == Password
		returns := Write{t, rec}.MayReturn(p.User)
		add(t.Step == Disable && returns, SyncedAccount)
		add(t.Step == Devices && returns, SyncedComputer)
		switch {
		case rec.Outcome == Already:
		case over && t.Step == Password:
			add(p.User.External(), HomeTenant)
			add(!p.User.External(), SyncedAccount)
		case over && t.ID == "":
			add(true, UnlistedDevices)
		case over:
			add(!returns && rec.Outcome == NotPossible, OtherSystem)
			add(!returns && rec.Outcome != NotPossible, SharedDevice)
		default:
			add(t.Step.movesStamp() && p.User.External(), HomeTenant)
			add(account && p.User.Privileged, RoleHolder)
			add(account && !p.User.Privileged && inRoleGroup, RoleGroupMember)
			add(p.User.Restricted || t.Restricted, RestrictedUnit)
		}
	}
	for _, s := range steps {
		if s.Urgent() && !s.Listed() {
			look(Target{Step: s})
		}
	}
	for _, t := range p.Targets {
		if t.Step.Urgent() {
			look(t)
		}
	}
	return all
}

// Obstacles are why a run alone will not contain the line's user, whose writes are planned
// and not sent.
func (l *Line) Obstacles(steps []Step) []Obstacle {
	p := Planned{User: l.User}
	for _, w := range l.Writes {
		p.Targets = append(p.Targets, w.Target)
		if w.Record.Outcome != NotSent {
			w.Record.Step, w.Record.Target = w.Target.Step, w.Target.ID
			p.Records = append(p.Records, w.Record)
		}
	}
	return p.obstacles(steps)
}

// Some counts users, and names the first few.
type Some struct {
	Count int
	Names []string
}

// MostShown is how many users of a kind are named where there are many.
const MostShown = 3

// add counts one more user, and names the first ones.
func (s *Some) add(name string, most int) {
	if s.Count++; len(s.Names) < most {
		s.Names = append(s.Names, name)
	}
}

// addObstacles counts one more user of a plan with these steps by what keeps a run from
// containing them.
func (c *Count) addObstacles(steps []Step, p Planned) {
	if !Contains(steps) {
		return
	}
	c.Containable++
	all := p.obstacles(steps)
	if len(all) == 0 {
		return
	}
	if c.Uncontained++; c.Obstacles == nil {
		c.Obstacles = map[Obstacle]Some{}
	}
	for _, o := range all {
		some := c.Obstacles[o]
		some.add(p.User.Name(), MostShown)
		c.Obstacles[o] = some
	}
}
