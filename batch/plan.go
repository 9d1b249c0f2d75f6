package batch

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

// Plan is what a run set out to do. The users stand in the journal.
type Plan struct {
	Run      string        `json:"run,omitempty"`    // the run's name
	Undoes   string        `json:"undoes,omitempty"` // the name of the run that this one takes back; "" of any other
	Part     Part          `json:"part,omitzero"`    // what of that run
	Created  time.Time     `json:"created,omitzero"`
	Version  string        `json:"offboard,omitempty"`     // of offboard
	Input    string        `json:"input,omitempty"`        // the file's name as given, "-" for standard input; of several files the first names, and how many more
	Digest   string        `json:"input_sha256,omitempty"` // SHA-256 of the input's bytes, hex; of several files their [JointDigest]
	Inputs   []InputFile   `json:"inputs,omitempty"`       // the files, where there are several, in the order given
	Columns  []string      `json:"columns,omitempty"`
	Keep     []string      `json:"keep,omitempty"`     // of the columns, those that the report has
	Dated    bool          `json:"dated,omitempty"`    // a date gate says from when each row passes: Row.From
	SLA      time.Duration `json:"sla,omitempty"`      // after Row.From, in which users are to be contained; 0 asks for nothing
	Settings []Setting     `json:"settings,omitempty"` // what was decided on reading the input, in words
	Tenant   string        `json:"tenant,omitempty"`
	App      string        `json:"app,omitempty"`
	Cloud    string        `json:"cloud,omitempty"` // the service root
	Steps    []Step        `json:"steps"`           // in the order in which they are taken
	Resolve  bool          `json:"resolve"`
	Verify   bool          `json:"verify"`
	Rows     int           `json:"rows"`   // rows of the input, bad ones too
	Users    int           `json:"users"`  // users whom the plan concerns: those who did not end at planning
	Writes   int           `json:"writes"` // what the plan will send
	Lines    int           `json:"lines"`  // lines of the input
	Accounts Accounts      `json:"accounts,omitzero"`
	Choice   string        `json:"choice,omitempty"`   // digest of the flags that chose the users: only the same choice on the same input goes on with a run
	InOrder  bool          `json:"in_order,omitempty"` // send in the file's order, and not holders of privileged roles first
	Terms    Terms         `json:"terms,omitzero"`
}

// InputFile is one of several files that a plan was made from.
type InputFile struct {
	Name   string `json:"name"`   // as given, "-" for standard input
	SHA256 string `json:"sha256"` // of its bytes, hex
	Lines  int    `json:"lines"`
}

// JointDigest stands for several files: the SHA-256 of the lines that have their digests in
// hex, in the order given, as `sha256sum FILE... | cut -d' ' -f1 | sha256sum` prints it.
func JointDigest(files []InputFile) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintln(h, f.SHA256)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// Alike reports whether two plans set out to do the same to the same input, whichever tenant and app they
// are for.
func (p Plan) Alike(q Plan) bool {
	return p.Digest == q.Digest && slices.Equal(p.Steps, q.Steps) && p.Resolve == q.Resolve && p.Choice == q.Choice &&
		slices.Equal(p.Columns, q.Columns) && slices.Equal(p.Keep, q.Keep) && p.SLA == q.SLA
}

// Files are the names of the files that the plan was made from, as words of a command.
func (p Plan) Files() []string {
	if len(p.Inputs) == 0 {
		return []string{p.Input}
	}
	names := make([]string, len(p.Inputs))
	for i, f := range p.Inputs {
		names[i] = f.Name
	}
	return names
}

// Revokes reports whether a step of the plan ends sessions, which Graph does for nobody
// whose home is another tenant.
func (p Plan) Revokes() bool { return slices.ContainsFunc(p.Steps, Step.movesStamp) }

// Terms are what a plan was made under, kept so that the same holds when a run goes
// on with it. Journal and plan file keep them as JSON.
type Terms struct {
	User       string `json:"user,omitempty"`        // object id of the user who signed in; "" for an app of its own
	UserName   string `json:"user_name,omitempty"`   // of that user, where the token had one
	OSUser     string `json:"os_user,omitempty"`     // who ran the command, as the operating system names them
	Host       string `json:"host,omitempty"`        // and on which machine
	TenantName string `json:"tenant_name,omitempty"` // and default domain, where they could be read
	Guards     Guards `json:"guards,omitzero"`
	Flags      []Flag `json:"flags,omitempty"`  // how the run is carried out, where that was said
	Choice     []Flag `json:"choice,omitempty"` // whom it is for, and what is done to them, where that was said
	Asks       int    `json:"asks,omitempty"`   // how many different people must approve the run before anything is written; of one that was submitted

	Source       string     `json:"source,omitempty"`        // the input that the applied plan file was made from
	SourceSHA256 string     `json:"source_sha256,omitempty"` // and its digest, hex
	Approvals    []Approval `json:"approvals,omitempty"`     // of the plan file that was applied, those that were held against a trusted set and count
}

// Approval is a person's consent to a plan file.
type Approval struct {
	Person string `json:"person"`
	Key    string `json:"key"` // what it was signed with, as ssh-keygen -l prints it: "SHA256:..."
}

// Flag is a flag as it was given: its name without dashes, and what it was given.
// A flag that was given twice stands there twice.
type Flag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Setting is one decision that a person should be able to check.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// Accounts counts the users whom a plan will send by what kind of account they
// have, as the directory had it.
type Accounts struct {
	External   int `json:"external"`   // who sign in elsewhere
	Synced     int `json:"synced"`     // who are mastered on premises
	Enabled    int `json:"enabled"`    // whose account is enabled
	Privileged int `json:"privileged"` // who hold a privileged directory role
	Restricted int `json:"restricted"` // in a restricted administrative unit, whose own roles alone reach them
}

// add counts one more user.
func (a *Accounts) add(u User) {
	for _, k := range []struct {
		is bool
		n  *int
	}{{u.External(), &a.External}, {u.Synced, &a.Synced}, {u.Enabled, &a.Enabled}, {u.Privileged, &a.Privileged}, {u.Restricted, &a.Restricted}} {
		if k.is {
			*k.n++
		}
	}
}

// Planned is one row of the input on its way into the plan. Record is set when
// the row ended before anything was sent for it; DuplicateOf is the Seq of the user
// that an earlier row already names, or 0.
type Planned struct {
	Row         Row
	User        User
	DuplicateOf int
	Record      *Record
	Targets     []Target // of listed steps, in the order of sending
	Records     []Record // of steps and targets that ended so: there is nothing to do, or it is not possible
}

// Writes counts what will be sent for the row, of the steps of its plan.
func (p Planned) Writes(steps []Step) int {
	if p.Record != nil || p.DuplicateOf != 0 {
		return 0
	}
	n := len(p.Targets) - len(p.Records)
	for _, s := range steps {
		if !s.Listed() {
			n++
		}
	}
	return n
}

// ToWrite are the targets that will be sent for the row, in the order of the steps, and how many
// of its things will not.
func (p Planned) ToWrite(steps []Step) (writes []Target, not int) {
	if p.Record != nil || p.DuplicateOf != 0 {
		return nil, 0
	}
	over := map[Mark]bool{}
	for _, r := range p.Records {
		over[Mark{Step: r.Step, Target: r.Target}] = true
	}
	for _, s := range steps {
		of := []Target{{Step: s}}
		if s.Listed() {
			of = p.Targets
		}
		for _, t := range of {
			switch {
			case t.Step != s:
			case over[Mark{Step: s, Target: t.ID}]:
				not++
			default:
				writes = append(writes, t)
			}
		}
	}
	return writes, not
}
