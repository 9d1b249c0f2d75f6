package job

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// An undo of a part takes back some steps of a run, or what was done to some of its users.

// WrongPart refuses an undo whose --steps names what is no step of the run. Steps are those
// that were meant, as far as that is known, and Can all that can be taken back of the run.
type WrongPart struct {
	error
	Steps, Can []batch.Step
}

func (e *WrongPart) Unwrap() error { return e.error }

// readPart reads --steps and --user. What they name and the run has not is refused: the
// rest would look as if all had been done.
func (u *UndoOptions) readPart(ctx context.Context, h *Host, old *undoing) error {
	can := slices.DeleteFunc(slices.Clone(old.was.Steps), func(s batch.Step) bool { return s.Undo() == "" })
	var meant []batch.Step
	wrong := error(nil)
	for _, word := range u.Steps {
		s := batch.Step(strings.ToLower(strings.TrimSpace(word)))
		if slices.Contains(can, s) {
			old.part.Steps, meant = append(old.part.Steps, s), append(meant, s)
			continue
		}
		why, some := "that run did no such step", "none of its steps can be taken back"
		if slices.Contains(old.was.Steps, s) {
			why = "nothing takes that step back"
		}
		if len(can) > 0 {
			some = "what can be taken back of it is " + batch.StepList(can)
		}
		if of := s.Undoes(); slices.Contains(can, of) {
			why, some, meant = "a step is named here as the run did it", "what "+string(s)+" takes back is "+string(of), append(meant, of)
		}
		if wrong == nil {
			wrong = fmt.Errorf("%w: --steps %s: run %s did %s, and %s; %s", ErrUsage, word, old.was.Run, batch.StepList(old.was.Steps), why, some)
		}
	}
	if wrong != nil {
		return &WrongPart{wrong, batch.InOrder(meant), can}
	}
	old.part.Steps = batch.InOrder(old.part.Steps)
	if len(u.User) == 0 {
		return nil
	}
	keys := make([]string, len(u.User)) // as they are typed
	for i, name := range u.User {
		if keys[i] = batch.LowerASCII(strings.TrimSpace(name)); keys[i] == "" { // as rows without a user are
			return fmt.Errorf("%w: --user %q names nobody", ErrUsage, name)
		}
	}
	found := map[string]bool{}
	for l, err := range old.run.Users(ctx, keys) {
		if err != nil {
			return err
		}
		id, upn := batch.LowerASCII(l.User.ID), batch.LowerASCII(l.User.UPN)
		found[id], found[upn] = true, true
		old.part.Users, old.names = append(old.part.Users, l.User.Key()), append(old.names, l.User.Name())
	}
	var strangers []string
	for i, k := range keys {
		if !found[k] {
			strangers = append(strangers, u.User[i])
		}
	}
	if len(strangers) > 0 {
		return fmt.Errorf("%w: --user: run %s has no %s; its users are listed by %s", ErrUsage, old.was.Run, strings.Join(strangers, ", "), h.Typed("show", old.was.Run))
	}
	slices.Sort(old.part.Users)
	return nil
}

// what says in words what is to be taken back.
func (o *undoing) what() string {
	if o.part.Whole() {
		return "run " + o.was.Run
	}
	return "that part of run " + o.was.Run
}

// partSetting names the setting of an undo's plan that says in words what it takes back,
// where that is not all.
const partSetting = "part"

// partSettings add what of the run is taken back.
func (o *undoing) partSettings(all []batch.Setting) []batch.Setting {
	if o.part.Whole() {
		return all
	}
	of := []string{"all steps", "all users"}
	if len(o.part.Steps) > 0 {
		of[0] = batch.StepList(o.part.Steps)
	}
	if len(o.names) > 0 {
		of[1] = batch.SomeOf(o.names[:min(len(o.names), mostDrift)], len(o.names))
	}
	return append(all, batch.Setting{Name: partSetting, Value: of[0] + " of " + of[1], Why: "--steps, --user: the rest of run " + o.was.Run + " stays as it is"})
}

// partFlags name the part on a command line.
func partFlags(p batch.Part) (words []string) {
	if len(p.Steps) > 0 {
		words = append(words, "--steps", batch.StepList(p.Steps))
	}
	for _, user := range p.Users {
		words = append(words, "--user", user)
	}
	return words
}

// anew says what to do in place of a resume of a run that was taken back.
func anew(p batch.Part) string {
	if p.Whole() {
		return "run its input again to plan anew"
	}
	return "to do the rest, run its input again, without the rows or steps that are to stay taken back"
}
