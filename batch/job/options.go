package job

import (
	"fmt"
	"strconv"
	"time"
)

// The options of the commands. Their tags are the words of the command line, which
// package main reads. keep marks what a run that goes on keeps, choice what the command
// that runs retry.csv repeats, and guard what the command that goes on repeats. A number is 0 at the least, or as the tags
// least and most have it.

// Selection says whom the input names.
type Selection struct {
	Column       string   `help:"The column that names the users, when no header is recognised. A column whose header speaks of mail or employee ids needs --key, too." placeholder:"NAME" choice:""`
	Preset       string   `help:"What the file is, where that is documented: entra-bulk, entra-users, signins, riskyusers, purview, successfactors or bamboohr. It says which column names the users and which ones tell who leaves; other flags come before it. See offboard help input." placeholder:"NAME" choice:""`
	IgnoreColumn []string `help:"Leave out a recognised column, whose cells are not what the directory has, or do not count as a status or leaving date. Every other recognised column must agree with the user found. Repeatable." placeholder:"NAME" sep:"none"`
	Key          string   `help:"What the column names users by: auto, id, upn, mail, employee-id or on-premises-upn. Mail, employee id and on-premises name are searched for; if several users have the value, none of them is touched." enum:"auto,id,upn,mail,employee-id,on-premises-upn" default:"auto" choice:""`
	Where        []string `help:"Take only rows in which the column has the value, in capitals or not; others end skipped. There is no other comparison. Repeatable, for different columns: all must hold." placeholder:"COLUMN=VALUE" sep:"none" choice:""`
	RowsOf       []string `help:"Take the rows alone in which the column has the value; the others are of other tenants, and stand in no report of this run. Repeatable, for values of one column: one of them must be in the cell." placeholder:"COLUMN=VALUE" sep:"none" choice:""`
	DateColumn   string   `help:"The column of the last day, or of the moment of leaving: rows that leave later, or not at all, end skipped." placeholder:"NAME" choice:""`
	DateFormat   string   `help:"How dates are written when not as in ISO 8601, such as '%d.%m.%Y' or '%m/%d/%Y %I:%M %p' in the words of strptime; excel is the numbers by which a workbook keeps days." placeholder:"FORMAT" choice:""`
	AsOf         string   `help:"The moment that counts as now for dates: RFC 3339, or a day, which means its beginning. Default: now." placeholder:"TIME" choice:""`
	TimeZone     string   `help:"Where days begin and end, such as Europe/Berlin. Default: this machine's." placeholder:"ZONE" default:"Local" choice:""`
	StartOfDay   bool     `help:"Take a row from the beginning of its day, not from its end." choice:""`
	Keep         []string `help:"Take the cells of a column along, into the journal and the report, which has them as input.COLUMN at the end of each line. Columns that a gate looks at are taken along always, and no others. Repeatable." placeholder:"COLUMN" sep:"none" choice:""`
	Format
	AllowRenamed bool `help:"Accept an object id whose user has another UPN than the file says." choice:""`
}

// Format says how a file is written, where that is not found out. retry.csv is written as
// CSV in UTF-8 with a header, so the command that runs it has none of these.
type Format struct {
	Encoding   string `help:"How the text of the file is encoded, by its IANA name, such as windows-1252 or Shift_JIS. Default: by its byte order mark, or else UTF-8." placeholder:"NAME"`
	Sheet      string `help:"The sheet of a workbook, or the key of the list in a JSON object. Default: the first one." placeholder:"NAME"`
	HeaderLine int    `help:"The line of the header, counted from 1. Default: the first line, or below a title the first in which a column is recognised." placeholder:"N"`
	NoHeader   bool   `help:"The file has no header: columns are called by their numbers from 1, as in --column 1. A list of ids alone, one a line, needs none of this."`
}

// Everybody says whether people are taken of whom the file says that they stay.
type Everybody struct {
	AllRows bool `help:"Take all rows that pass the gates, although a status or leaving-date column that no gate looks at says that some of their people stay, or a day of hire that they came back. --yes does not say that."`
}

// Guards say who is left alone although the input names them, and when a plan is
// refused as a whole. They are asked when a plan is made, and again by the
// commands that go on with one. A limit that is nil was not given.
type Guards struct {
	Protect           []string `help:"A file of users who are never touched: object ids, user principal names and patterns such as breakglass-*@contoso.com, one a line. If an id or a name does not exist, or a pattern fits nobody, the run is refused. Repeatable." placeholder:"FILE" type:"path" sep:"none" choice:"" guard:""`
	ProtectGroup      []string `help:"The object id of a group whose members, nested ones too, are never touched. Repeatable." placeholder:"ID" choice:"" guard:""`
	ProtectPrivileged bool     `help:"Never touch holders of privileged directory roles." choice:"" guard:""`
	AllowEmptyPattern bool     `help:"Accept a pattern of --protect that fits nobody." choice:"" guard:""`
	IncludeCaller     bool     `help:"Do not leave out the account that is signed in; revoking it may end the run's own session." choice:"" guard:""`
	MaxUsers          *int     `help:"Refuse a plan with more users; 0 is no limit. Default: 500, or what the plan was made with." placeholder:"N" guard:""`
	MaxPercent        *int     `help:"Refuse a plan with more of the tenant's users, in percent; 0 is no limit. Default: 20, or what the plan was made with." placeholder:"N" guard:""`
	MaxPrivileged     *int     `help:"Refuse a plan with more holders of privileged directory roles; 0 is no limit. Default: 5, or what the plan was made with." placeholder:"N" guard:""`
}

// PlanGuards are the guards that are asked only when a plan is made.
type PlanGuards struct {
	Guards
	MinUsers    int    `help:"Refuse a plan with fewer users found, those who end already or protected included, as after a slip in --where or an export that broke off." default:"0" placeholder:"N"`
	MaxInputAge Age    `json:",omitzero" help:"Refuse an input file that was last changed longer ago, such as 36h or 7d: otherwise an export that has stopped being updated passes every night." placeholder:"AGE"`
	Since       string `help:"Users who were revoked after that time end already, and are not sent. How long ago (24h), a day, a time (RFC 3339), a run (one minute before its first success), or last: users who ended in success in the last finished run of the same flags, whatever its file, that found any user. Of several steps it spares revoke and invalidate alone, and with --date-column none." placeholder:"TIME|RUN|last"`
	Undone
	Order string `help:"danger: holders of privileged roles first, then as in the file; file: as in the file." enum:"danger,file" default:"danger"`
}

// Named are users who are named one by one, in place of a file.
type Named struct {
	User []string `env:"-" help:"Do it to this user, in place of a file: the object id or user principal name. Repeatable. It has no environment variable: one that is left over must choose nobody." placeholder:"ID|UPN" sep:"none"`
}

// Planning says which users the steps are for, and which steps. The commands run and plan share it.
type Planning struct {
	File []string `arg:"" optional:"" help:"The files of users (CSV, workbook, JSON, or ids alone, one a line), or - for standard input. Not with --user."`

	Named
	Selection
	Everybody
	PlanGuards
	Steps     []string `help:"What is done to each user, with commas between: disable (the account), password (a new random one that nobody keeps), revoke (sessions), devices (disabled), groups and licences (removed); emergency for disable, revoke and devices, leaver for all six. They run in this order, however they are typed. invalidate in the place of revoke is the older beta call (Invoke-MgInvalidateUserRefreshToken)." default:"revoke" placeholder:"LIST" choice:""`
	NoResolve bool     `help:"Send keys as given, for an app without read permission. Nothing that needs a read is claimed; names beyond ASCII are refused, since no answer would show which user they reached." choice:""`
	NoVerify  bool     `help:"Do not read back what was written; users end revoked, or accepted." choice:""`
	SLA       Length   `name:"sla" help:"How long after the date of its row (--date-column) a user is to be contained, such as 24h: the report marks the others as late. The exit code stays. 0, the default, marks nobody." placeholder:"TIME" choice:"" default:"0"`

	rehearsal bool // nothing will be written
	reports   bool // there will be report files
}

// Connection says which tenant, and how hard to press it.
type Connection struct {
	Cloud          string   `help:"Microsoft's cloud that has the tenant: global, usgov (GCC High), dod, china (21Vianet), bleu, delos or govsg. It sets where to sign in, for what, and where Graph is. Default: global, or that of the plan. See offboard help network." enum:",global,usgov,dod,china,bleu,delos,govsg" default:"" placeholder:"NAME" keep:""`
	GraphURL       string   `help:"Another service root than that of --cloud: https, or http on a loopback address." placeholder:"URL"`
	CAFile         string   `name:"ca-file" help:"A PEM file of CA certificates to trust beside this machine's, such as the root of a proxy that opens TLS. See offboard help network." placeholder:"FILE" type:"path" keep:""`
	DebugHTTP      string   `name:"debug-http" help:"A new file into which each call to Graph and the sign-in is written, with its answer, as it goes: without tokens, secrets and passwords, but with names of users." placeholder:"FILE" type:"path"`
	Tenant         string   `help:"The tenant that the sign-in must lead to: its id, or one of its domains. AZURE_TENANT_ID says the same. Required without a terminal, and with a --key that is searched for." placeholder:"ID|DOMAIN"`
	Auth           string   `help:"How to sign in: secret or certificate (of an app), workload (a federated token of Kubernetes), managed-identity, cli (the Azure CLI's login), device-code or browser (a person, at a terminal), or token (OFFBOARD_ACCESS_TOKEN). auto takes the one that the environment names, and at a terminal the CLI's login when it names none." enum:"auto,secret,certificate,workload,managed-identity,cli,device-code,browser,token" default:"auto" keep:""`
	SignIn         string   `help:"A file of AZURE_... lines, as the variables have them, that says how to sign in in their place. Not everybody may be able to read it (chmod o= FILE)." placeholder:"FILE" type:"path" keep:""`
	Simulate       bool     `help:"Do the whole job, sign-in included, against a simulated tenant made from the input."`
	SimulateFaults string   `help:"Trouble for the simulated tenant: a rate such as 0.05 for every kind of fault, or a JSON file of faults, such as [{\"kind\": \"Item429\", \"rate\": 0.05, \"only\": \"write\"}]." placeholder:"RATE|FILE"`
	Concurrency    int      `help:"Calls under way at the most, with 20 writes each. The default lets a whole quota window, 3,000 writes, leave at once; fewer leave fewer in doubt after a crash." default:"150" keep:"" least:"1" most:"10000"`
	Rate           float64  `help:"Writes a second at the most; 0 leaves the pace to Graph's quotas." default:"0" keep:""`
	QuotaFile      string   `help:"Limits other than Graph's documented ones; see offboard help pace." placeholder:"FILE" type:"path" keep:""`
	QuotaShare     float64  `help:"The part of every quota to use, so that other apps have room." default:"1" keep:""`
	App            []string `help:"One more app registration that works beside the first: a file of AZURE_... lines. Repeatable. It takes more of the write quota that all apps of the tenant share." placeholder:"FILE" type:"path" keep:""`
	SimulateFrozen bool     `help:"Let the simulated tenant answer every write as if it were done, and change nothing."`
	SimulateQuota  bool     `help:"Give the simulated tenant Graph's write quota; --no-simulate-quota lets it answer as fast as it can." default:"true" negatable:""`
}

// Outside are --ca-file and --debug-http.
func (c *Connection) Outside() (cas, debug string) { return c.CAFile, c.DebugHTTP }

// Execution says how a run is carried out and told.
type Execution struct {
	Reporting
	Telling
	AsCaller      bool          `help:"Go on with a plan or a run that another app or user made. At a terminal offboard asks."`
	VerifyTimeout time.Duration `help:"How long to wait for proof of each write." default:"2m" keep:""`
	Patience
}

// Unasked says that nobody is asked before the first write.
type Unasked struct {
	Yes bool `short:"y" help:"Do not ask."`
}

// Telling says what other programs are told at the end of a run.
type Telling struct {
	Notifying
	MetricsFile string `help:"A file that is replaced at the end with metrics in Prometheus' text format, such as offboard.prom in the directory of node_exporter's textfile collector, which may read it: rows by outcome, users by step, duration, exit code and time of the last success, and nobody's name. A dry run leaves it." placeholder:"FILE.prom" type:"path" keep:""`
}

// Notifying says which webhook is told of the end.
type Notifying struct {
	NotifyFile   string `help:"A file with the address of a webhook, which is told how the command ended, also when it was refused: exit code, counts and the run's name, and nobody's name. The address is a secret, so no flag has it, and the file must not be readable by everybody (chmod o= FILE); the variable OFFBOARD_NOTIFY_URL holds it, too. It begins with https, or with http on this machine. A notice that cannot be delivered within 30 s and three tries is said, and fails nothing." placeholder:"FILE" type:"path" keep:""`
	NotifyFormat string `help:"What the webhook takes: json, teams (a message with an adaptive card, for a workflow of Teams), slack, or auto, which goes by the host of the address." enum:"auto,json,teams,slack" default:"auto" keep:""`
}

// Reporting says where a report goes, and with what it is signed.
type Reporting struct {
	ReportDir string `help:"Where the report files go. Default: offboard-RUN below the working directory, or below reports in the state directory of a systemd service." placeholder:"DIR" type:"path" keep:""`
	SignKey   string `help:"Sign report.sha256 with this private SSH key, into report.sha256.sig, as ssh-keygen -Y sign does; a key that only the ssh agent holds is named by its .pub file." placeholder:"FILE" type:"path" keep:""`
}

// Patience says how long to wait for Graph.
type Patience struct {
	Deadline time.Duration `help:"How long all of it may take, planning and waiting included; then it stops, resumable (exit 6). 0 is no limit." default:"0"`
	Outage   time.Duration `help:"How long Graph, or the server of a journal, may give no answer at all before it stops, resumable (exit 6). Until then it tries again and goes on by itself." default:"2h" keep:""`
}

// RunOptions are those of run.
type RunOptions struct {
	Planning
	DryRun bool `help:"Do everything up to the first write, and stop."`
	New    bool `help:"Start over, even if a run on the same input can be resumed."`

	Connection
	Unasked
	Execution
}

// PlanOptions are those of plan.
type PlanOptions struct {
	Planning
	Overwrite bool `help:"Replace a file that is there."`

	Connection
	Patience
}

// ApplyOptions are those of apply.
type ApplyOptions struct {
	File      string `arg:"" help:"The plan file."`
	Approvals int    `help:"How many different people of the trusted set must have approved." default:"0" keep:""`
	Trusted   string `help:"The trusted set: an allowed_signers file of OpenSSH. A person counts once, whatever number of keys signed." placeholder:"FILE" type:"path" keep:""`
	MaxAge    Length `help:"Refuse an older plan, such as 36h or 2d; 0 allows any age." default:"24h"`
	Again     bool   `help:"Carry out a plan once more that was carried out before, to its end or not."`

	Guards
	Connection
	Unasked
	Execution
}

// ResumeOptions are those of resume.
type ResumeOptions struct {
	RunName string `arg:"" optional:"" name:"run" help:"The name of the run or campaign, or an unmistakable beginning of it. Default: the newest run of this tenant that can be resumed, and that is of no campaign; of rehearsals with --simulate alone."`
	MaxAge  Length `help:"Refuse an older plan, such as 36h or 2d; 0 allows any age." default:"24h"`
	AtOnce  AtOnce `help:"How many tenants of a campaign are worked on at once." default:"50" placeholder:"N"`
	Trusted string `env:"OFFBOARD_RESUME_TRUSTED" help:"The allowed_signers file of the people who may approve a run that was submitted to workers and asks for approvals." placeholder:"FILE" type:"path"`

	Despite
	Guards
	Connection
	Unasked
	Execution
}

// VerifyOptions are those of verify.
type VerifyOptions struct {
	What  []string `arg:"" optional:"" name:"run|file" help:"A run, files of users, or - for one on standard input. Not with --user."`
	Since string   `env:"OFFBOARD_VERIFY_SINCE" help:"The stamps must be later: how long ago (24h), a day, a time (RFC 3339), or a run (its first success). Required for a file, of whose users signInSessionsValidFromDateTime alone is read. Without it everything is read back that the run claims, and must still be so." placeholder:"TIME|RUN"`
	Watch Length   `help:"Read what does not hold again, for so long or until all holds. What is mastered on premises is known to hold 35 minutes after the run: 40m waits for it." default:"0"`

	Named
	Selection
	Connection
	Patience
}

// CampaignOptions are those of campaign.
type CampaignOptions struct {
	File string   `arg:"" help:"The file that names the tenants, in YAML; see offboard help campaign."`
	Only []string `help:"Only this tenant, by its name in the file. Repeatable. It is a campaign of its own." placeholder:"NAME" sep:"none"`

	DryRun    bool   `help:"Do everything up to the first write, and stop."`
	New       bool   `env:"OFFBOARD_CAMPAIGN_NEW" help:"Start over, even if a campaign on the same files can be resumed."`
	AtOnce    AtOnce `help:"How many tenants of a campaign are worked on at once." default:"50" placeholder:"N"`
	Simulate  bool   `env:"OFFBOARD_CAMPAIGN_SIMULATE" help:"Do the whole job against simulated tenants made from the input."`
	ReportDir string `env:"OFFBOARD_CAMPAIGN_REPORT_DIR" help:"Where the reports go, each tenant's in a directory of its name. Default: offboard-CAMPAIGN below the working directory, or below reports in the state directory of a systemd service." placeholder:"DIR" type:"path"`
	Yes       bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not begin a campaign."`

	Notifying
}

// AtOnce is how many tenants are worked on at once: one at the least.
type AtOnce int

// UnmarshalText implements [encoding.TextUnmarshaler].
func (n *AtOnce) UnmarshalText(text []byte) error {
	number, err := strconv.Atoi(string(text))
	if *n = AtOnce(number); err != nil || number < 1 {
		return fmt.Errorf("%q is no number of tenants; give 1 or more", text)
	}
	return nil
}
