package batch

import "slices"

// ToDo is what is still to be done of a plan, as far as it takes permissions: each step
// once, in order. A group that gives licences is left, or joined again, as any other one,
// and stands under the step of groups.
type ToDo struct {
	Sent   []Step // with writes that have no record
	Proven []Step // with writes that were accepted, and whose proof is to come
}

// Send adds writes of a step that have no record. Direct are those at licences by direct
// assignment; of other steps it says nothing.
func (d *ToDo) Send(s Step, direct bool) { d.Sent = with(d.Sent, s.at(direct)) }

// Prove adds writes of a step that are to be read back.
func (d *ToDo) Prove(s Step, direct bool) { d.Proven = with(d.Proven, s.at(direct)) }

// with has the step, too.
func with(steps []Step, s Step) []Step {
	if slices.Contains(steps, s) {
		return steps
	}
	return InOrder(append(steps, s))
}

// at is the step whose permissions writes of this one take.
func (s Step) at(direct bool) Step {
	switch {
	case s == Licences && !direct:
		return Groups
	case s == AddLicences && !direct:
		return JoinGroups
	}
	return s
}

// Read are the steps of which targets are read: as proof, with verify also of what is sent,
// and where a repeat is not safe, before it is sent again.
func (d ToDo) Read(verify bool) []Step {
	read := slices.Clone(d.Proven)
	for _, s := range d.Sent {
		if r := s.rule(); verify || r.rereads || len(r.doneWhen) > 0 {
			read = append(read, s)
		}
	}
	return InOrder(read)
}

// Listed are the steps under which things of users are listed for these steps.
func Listed(steps []Step) []Step { return listedFor(steps) }

// ToDo is what a plan of these steps has to do, of which nothing was sent.
func (c Count) ToDo(steps []Step) (d ToDo) {
	ended := map[Step]int{}
	for k, n := range c.Kinds {
		switch {
		case !k.Step.Listed():
			ended[k.Step] += n
		case k.Outcome == "":
			d.Send(k.Step, k.Kind == DirectLicences)
		}
	}
	for _, s := range steps {
		if !s.Listed() && c.Users > ended[s] {
			d.Send(s, true)
		}
	}
	return d
}
