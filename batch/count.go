package batch

import "strings"

// Count is what planning found.
type Count struct {
	Rows       int           // of the input, bad ones too
	Users      int           // to be sent
	Idle       int           // of them, users of whom nothing needs to be sent, or can be
	IdleAdmins int           // of the idle ones, holders of privileged roles
	Writes     int           // to be sent, of all steps
	Kinds      map[Kinds]int // targets of listed steps, and what ended at planning
	RoleGroups map[Mark]int  // memberships to be changed in groups that may hold roles, by Step and Target

	Containable int               // users whom steps that contain are for
	Uncontained int               // of them, those whom the run alone will not contain
	Obstacles   map[Obstacle]Some // why not; a user may have several

	GivenBack Some // users to be sent who are in Spare.GivenBack

	Accounts                   // of them
	Admins     []string        // the privileged ones by name, with their roles; the first few
	Protected  []string        // the protected ones by name, with why; the first few
	People     People          // by name
	Duplicates int             // rows that name a user whom another row names
	Ended      map[Outcome]int // rows that ended without being sent
	Domains    map[string]int  // users to be sent, by the domain of their name
	Waiting    int             // lookups that wait to be asked again
	Pace       Pace
	Trouble    Trouble // what is waited for, and why
}

// Kinds is a kind of target, of one step, with how it ended at planning: Outcome is ""
// where it is to be sent.
type Kinds struct {
	Step    Step
	Kind    string // Target.Kind
	Outcome Outcome

	// Why is the reason of what ended, as far as many can share it, or what will come of
	// what is sent, where that is known; see caution.
	Why string
}

// AddPlanned counts one more row of a plan that was made before. What a plan does not
// keep is not counted: names of roles, and domains.
func (c *Count) AddPlanned(steps []Step, p Planned) {
	if c.Ended == nil {
		c.Ended = make(map[Outcome]int)
	}
	c.Rows++
	switch {
	case p.DuplicateOf != 0:
		c.Duplicates++
	case p.Record == nil:
		c.add(p.User, "")
		if p.Writes(steps) > 0 {
			c.People.addPerson(p.Row, p.User, "", "")
		}
		c.addKinds(p)
		c.addObstacles(steps, p)
	case p.Record.Outcome == Protected:
		c.addProtected(p.User, p.Record.Reason)
	default:
		c.Ended[p.Record.Outcome]++
		c.People.addEnded(p.Row, p.User, *p.Record)
	}
}

// addWork counts the writes of one more user.
func (c *Count) addWork(steps []Step, p Planned) {
	n := p.Writes(steps)
	if c.Writes += n; n == 0 {
		c.Idle++
		if p.User.Privileged {
			c.IdleAdmins++
		}
	}
	c.addKinds(p)
	c.addObstacles(steps, p)
}

// addKinds counts what the steps are at, of one more user.
func (c *Count) addKinds(p Planned) {
	if len(p.Targets)+len(p.Records) == 0 {
		return
	}
	if c.Kinds == nil {
		c.Kinds = make(map[Kinds]int)
	}
	ended := map[Mark]Kinds{}
	for _, r := range p.Records {
		k := Kinds{Step: r.Step, Outcome: r.Outcome}
		switch r.Outcome {
		case NotPossible, Already, Skipped: // the others have words of Graph about one user
			k.Why = r.Reason
		}
		if ended[Mark{Step: r.Step, Target: r.Target}] = k; !r.Step.Listed() {
			c.Kinds[k]++
		}
	}
	for _, t := range p.Targets {
		k, ok := ended[Mark{Step: t.Step, Target: t.ID}]
		if !ok {
			k = Kinds{Step: t.Step, Why: t.caution()}
			if k.Why == WhyRoleAssignable {
				if c.RoleGroups == nil {
					c.RoleGroups = map[Mark]int{}
				}
				c.RoleGroups[Mark{Step: t.Step, Target: t.ID}]++
			}
		}
		k.Kind = t.Kind
		c.Kinds[k]++
	}
}

// mostNamed is how many users of a kind are named.
const mostNamed = 20

// add counts one more user who will be sent.
func (c *Count) add(u User, role string) {
	c.Users++
	c.Accounts.add(u)
	if _, domain, ok := strings.Cut(u.UPN, "@"); ok && c.Domains != nil {
		c.Domains[LowerASCII(domain)]++
	}
	if u.Privileged {
		c.nameAdmin(u, role)
	}
}

// nameAdmin names a holder of a privileged role who will be sent.
func (c *Count) nameAdmin(u User, role string) {
	if len(c.Admins) < mostNamed {
		name := u.Name()
		if role != "" {
			name += " (" + role + ")"
		}
		c.Admins = append(c.Admins, name)
	}
}

// addGivenBack counts one more user to whom an undo gave something back.
func (c *Count) addGivenBack(u User, by string) {
	c.GivenBack.add(u.Name()+" ("+by+")", mostNamed)
}

// addProtected counts one more user who is protected.
func (c *Count) addProtected(u User, why string) {
	if c.Ended == nil {
		c.Ended = make(map[Outcome]int)
	}
	c.Ended[Protected]++
	if len(c.Protected) < mostNamed {
		c.Protected = append(c.Protected, u.Name()+" ("+why+")")
	}
}
