package batch

import (
	"strconv"
	"time"
)

// Key is what of a user the input names it by. The words are those of the flag
// --key.
type Key string

// The last three are properties that several users may share, or none have.
const (
	ByID            Key = "id"
	ByUPN           Key = "upn"
	ByMail          Key = "mail"
	ByEmployeeID    Key = "employee-id"
	ByOnPremisesUPN Key = "on-premises-upn"
)

// Searched reports whether the directory is searched for such a key, since it
// addresses nobody by itself.
func (k Key) Searched() bool { return k == ByMail || k == ByEmployeeID || k == ByOnPremisesUPN }

// Row is a line of the input that was meant to name a user.
type Row struct {
	Seq   int      `json:"-"`               // its place among the rows of the input, from 1; for planning alone, as it is the Seq of the planned User from then on
	Line  int      `json:"line"`            // line of the input on which the row starts, from 1
	Input string   `json:"input,omitempty"` // the cell that names the user, as written
	ID    string   `json:"id,omitempty"`    // object id in lower case, or ""
	UPN   string   `json:"upn,omitempty"`   // user principal name, or ""; beside an ID it must agree with the directory
	By    Key      `json:"by,omitempty"`    // "" means by ID or UPN
	Value string   `json:"value,omitempty"` // the cell's text when By is a property, else ""
	Cells []string `json:"cells,omitempty"` // the cells of the recognised columns, in the order of Plan.Columns

	// Claims are what the other recognised columns say of the user: the user whom
	// the row names must have all of it. Like From they are for planning alone, and
	// neither journal nor plan file keeps them.
	Claims []Claim `json:"-"`

	// From is the moment from which the date gate lets the row through: the end of
	// its last day in the gate's zone (with a start-of-day gate the beginning), or
	// the instant that the cell names. It is zero without a date gate.
	From time.Time `json:"-"`
}

// Claim is what one column, which does not name the user, says of the user.
type Claim struct {
	Key    Key    // what its cells are; never ""
	Value  string // the cell, not empty; an object id is in lower case
	Column string // its header
}

// RowError says why a row cannot name a user, or why a gate held it back. Row
// holds what could be read of it; Seq and Line are always set, Input only when the cell
// is surely the right one: cells of other columns may hold passwords.
type RowError struct {
	Row     Row
	Reason  string
	Outcome Outcome // "" reads as Invalid; Skipped for a row that a gate held back
	Keeps   []Claim // everybody whom the row may mean, when a gate found that it says that the user stays; else nil
}

// Error gives the line and the reason.
func (e *RowError) Error() string { return "line " + strconv.Itoa(e.Row.Line) + ": " + e.Reason }

// Skip is a line of the input that is no row: blank, a version line, an
// example, a second header, a footer.
type Skip struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// User is one directory object, as far as it is known. Before resolution only
// Seq and what to look it up by are set: ID or UPN, or By and Value.
type User struct {
	Seq        int       `json:"seq"`          // place in the plan, from 1: the Seq of the row that named it
	ID         string    `json:"id,omitempty"` // object id in lower case; "" only in a run without resolution
	UPN        string    `json:"upn,omitempty"`
	Type       string    `json:"type,omitempty"`       // Member, Guest, InternalGuest or ExternalMember; "" when it was not read
	Enabled    bool      `json:"enabled,omitempty"`    // accountEnabled; false when it was not read
	Synced     bool      `json:"synced,omitempty"`     // onPremisesSyncEnabled
	Privileged bool      `json:"privileged,omitempty"` // holds a directory role that makes an administrator; false when it was not read
	Stamp      time.Time `json:"stamp,omitzero"`       // signInSessionsValidFromDateTime, or what StampOf says, when the user was read: in a plan before the run; zero when unset or not read
	By         Key       `json:"by,omitempty"`         // "" means by ID or UPN
	Value      string    `json:"value,omitempty"`      // of the property that By names: before resolution what to look up, after it what the directory has

	// AsOf is the server's Date of the answer that brought the user, which the stamp
	// is held against; zero when it had none. Neither journal nor plan file keeps it.
	AsOf time.Time `json:"-"`

	// StampOf names the property that the stamp is of, when a lookup read two and gave
	// the later one; both when they are equal, "" when it read only
	// signInSessionsValidFromDateTime. Neither journal nor plan file keeps it.
	StampOf string `json:"-"`

	// What a lookup reads for the claims of a row; "" when the user has none. Neither
	// journal nor plan file keeps it.
	Mail, EmployeeID, OnPremisesUPN string `json:"-"`
}

// Key is what names the user in a request: the object id, or else the UPN.
func (u User) Key() string {
	if u.ID != "" {
		return u.ID
	}
	return u.UPN
}

// ByProperty reports whether the user is still to be looked up by a property
// that need not be its alone. Such a user is never sent; once its ID is known
// it is an ordinary one.
func (u User) ByProperty() bool {
	return u.ID == "" && u.By.Searched()
}

// Reply is what Graph said of one user in one call.
type Reply struct {
	Status     int           // HTTP status of this user's own reply; 0 when there was none
	Code       string        // error.code, may be empty
	Message    string        // error.message, may be empty; never decide on it
	RetryAfter time.Duration // zero when Graph named no time
	RequestID  string        // request-id of the call, and the item's id: "REQUEST-ID/ITEM"
	Date       time.Time     // the server's Date of the call; zero when it sent none
	Scope      string        // x-ms-throttle-scope, may be empty
	Info       string        // x-ms-throttle-information, may be empty
	Percent    float64       // x-ms-throttle-limit-percentage, 0.8 to 1.8; 0 when absent
	User       *User         // a lookup's hit by ID or UPN, without Seq; nil otherwise
	whole      bool          // said of a call as a whole that carried this user alone: a refusal for good
	Hits       []User        // everybody a lookup by property found, 5 at most, without Seq; empty when it found nobody
}

// Planned is one row of the input on its way into the plan. Record is set when
// the row ended before anything was sent for it; DuplicateOf is the Seq of the user
// that an earlier row already names, or 0.
type Planned struct {
	Row         Row
	User        User
	DuplicateOf int
	Record      *Record
}

// Record is the last word on one user.
type Record struct {
	Seq       int       `json:"seq"`
	Outcome   Outcome   `json:"outcome"`
	Status    int       `json:"status,omitempty"` // of the reply that decided, 0 when there was none
	Code      string    `json:"code,omitempty"`
	Message   string    `json:"message,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
	Throttles int       `json:"throttles,omitempty"`
	SentAt    time.Time `json:"sent_at,omitzero"` // when the last call that carried the user left; zero when none did
	SettledAt time.Time `json:"settled_at,omitzero"`
	Accepted  time.Time `json:"accepted,omitzero"` // the server's Date of the 2xx reply; zero when there was none
	After     time.Time `json:"after,omitzero"`    // the stamp as read back; zero when it was not read
	RequestID string    `json:"request_id,omitempty"`
	Reason    string    `json:"reason,omitempty"` // in words, for a person
}

// Call is the intent to send: durable before the call leaves, so that a crash
// cannot make anybody look untouched.
type Call struct {
	No     int    // from 1, in the order of sending, within the run
	App    string // which app registration sends it, as Plan.App
	SentAt time.Time
	Seqs   []int
}

// Trial is where a user stands who was sent and will be sent again.
type Trial struct {
	Seq       int
	Attempts  int
	Throttles int
	SentAt    time.Time
	Doubt     bool // Graph may have acted: no answer, or one that does not tell
	Status    int
	Code      string
	Message   string
	RequestID string
}

// Pending is a user who has no final record: fresh (a zero Trial), or sent
// before and to be sent again.
type Pending struct {
	User  User
	Trial Trial
}

// Entry is what the runner makes durable in one step.
type Entry struct {
	Calls   []Call   // about to be sent
	Over    []int    // numbers of the calls that are answered, or known to be lost
	Trials  []Trial  // replacing what is known of these users
	Records []Record // replacing an earlier record of the same user
}

// Line is what the journal can say of one row of the input: the row, the user
// it named, and the record. A user without a record is told as not_sent or
// unsettled.
type Line struct {
	Row    Row
	User   User
	Record Record
	First  int // line of the row that named the same user first; 0 when this is it
}

// Action is the Graph action that a run calls for every user.
type Action string

const (
	Revoke     Action = "revoke"     // POST /v1.0/users/{id}/revokeSignInSessions
	Invalidate Action = "invalidate" // POST /beta/users/{id}/invalidateAllRefreshTokens, proven by either stamp
)

// Plan is what a run set out to do. The users stand in the journal.
type Plan struct {
	Run      string    `json:"run,omitempty"` // the run's name
	Created  time.Time `json:"created,omitzero"`
	Version  string    `json:"offboard,omitempty"`     // of offboard
	Input    string    `json:"input,omitempty"`        // the file's name as given, "-" for standard input
	Digest   string    `json:"input_sha256,omitempty"` // SHA-256 of the input's bytes, hex
	Columns  []string  `json:"columns,omitempty"`
	Settings []Setting `json:"settings,omitempty"` // what was decided on reading the input, in words
	Tenant   string    `json:"tenant,omitempty"`
	App      string    `json:"app,omitempty"`
	Cloud    string    `json:"cloud,omitempty"` // the service root
	Action   Action    `json:"action"`
	Resolve  bool      `json:"resolve"`
	Verify   bool      `json:"verify"`
	Rows     int       `json:"rows"`  // rows of the input, bad ones too
	Users    int       `json:"users"` // users that the plan will send
	Lines    int       `json:"lines"` // lines of the input
	Accounts Accounts  `json:"accounts,omitzero"`
	Choice   string    `json:"choice,omitempty"`   // digest of the flags that chose the users: only the same choice on the same input goes on with a run
	InOrder  bool      `json:"in_order,omitempty"` // send in the file's order, and not holders of privileged roles first
	Terms    Terms     `json:"terms,omitzero"`
}

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

	Approvals []Approval `json:"approvals,omitempty"` // of the plan file that was applied, those that were held against a trusted set and count
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

// Accounts counts the users whom a plan will send by what kind of account they
// have, as the directory had it.
type Accounts struct {
	External   int `json:"external"`   // who sign in elsewhere
	Synced     int `json:"synced"`     // who are mastered on premises
	Enabled    int `json:"enabled"`    // whose account is enabled
	Privileged int `json:"privileged"` // who hold a privileged directory role
}

// add counts one more user.
func (a *Accounts) add(u User) {
	for _, k := range []struct {
		is bool
		n  *int
	}{{u.External(), &a.External}, {u.Synced, &a.Synced}, {u.Enabled, &a.Enabled}, {u.Privileged, &a.Privileged}} {
		if k.is {
			*k.n++
		}
	}
}

// Setting is one decision that a person should be able to check.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// Summary counts the lines of a run by outcome.
type Summary struct {
	Lines   int
	Counts  map[Outcome]int
	Refused int // of the not_sent, those who were sent, and refused or told to wait
}

// Add counts one more line.
func (s *Summary) Add(o Outcome) {
	if s.Counts == nil {
		s.Counts = make(map[Outcome]int, len(Outcomes))
	}
	s.Lines++
	s.Counts[o]++
}

// CountOf counts the lines whose outcome is of the kind.
func (s Summary) CountOf(k Kind) int {
	n := 0
	for o, c := range s.Counts {
		if o.Kind() == k {
			n += c
		}
	}
	return n
}

// AllDenied reports whether everybody who was sent and answered was denied.
func (s Summary) AllDenied() bool {
	for _, o := range [...]Outcome{Verified, Revoked, Unverified, Ineffective, Failed, GaveUp} {
		if s.Counts[o] > 0 {
			return false
		}
	}
	return s.Counts[Denied] > 0
}

// Open counts the lines that a resumed run would work on.
func (s Summary) Open() int { return s.Counts[Unsettled] + s.Counts[NotSent] }
