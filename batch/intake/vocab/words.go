package vocab

import (
	_ "embed"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/gocarina/gocsv"
	"golang.org/x/text/unicode/norm"

	"offboard/batch"
)

// IDOrUPN is the key of a column of object ids or user principal names. Rows and claims never have
// it.
const IDOrUPN batch.Key = "id or upn"

// Keys are those that --key can ask for.
var Keys = []batch.Key{batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN}

// wordTable has a line for each word that is known of files: headers of columns, parts of
// headers, and cells.
//
//go:embed words.csv
var wordTable []byte

// word is a line of words.csv.
type word struct {
	Place string `csv:"place"` // where the word stands: "header", "part" of a header, or "cell"
	List  string `csv:"list"`  // what it says there: a key, or one of the lists that are named below
	Lang  string `csv:"lang"`  // for people who read the table; "" of a code
	Text  string `csv:"word"`
}

var headerWords, headerParts, cellWords = readWords()

// readWords gives the headers by their normal form, and the parts of headers and words of each
// list.
func readWords() (headers map[string]word, parts map[string][]string, cells map[string]map[string]bool) {
	headers, parts, cells = map[string]word{}, map[string][]string{}, map[string]map[string]bool{}
	for _, w := range ReadTable[word](wordTable) {
		if w.Place == "part" {
			parts[w.List] = append(parts[w.List], w.Text)
		}
		for _, text := range spellings(w.Text) {
			switch w.Place {
			case "header":
				headers[Normalise(text)] = w
			case "cell":
				if cells[w.List] == nil {
					cells[w.List] = map[string]bool{}
				}
				cells[w.List][Fold(text)] = true
			}
		}
	}
	return headers, parts, cells
}

// ReadTable reads a table that is a part of the program.
func ReadTable[T any](table []byte) (all []T) {
	if err := gocsv.UnmarshalBytes(table, &all); err != nil {
		panic(err)
	}
	return all
}

var german = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

// spellings are the ways to write a word: with accents, without, or as German in ASCII.
func spellings(word string) []string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(word))
	return slices.Compact([]string{word, bare, german.Replace(word)})
}

// Alias is a header by which a column is recognised.
type Alias struct {
	Spelled string    // as its usual source writes it
	Known   batch.Key // what the cells below it are; "" for no alias
}

// SharedHeaders are headers, in normal form, that other things have, too. In such a column beside
// those that name the users, a cell that is not of the key's form says nothing.
var SharedHeaders = []string{"id", "userid", "username", "signinname"}

// OtherLists are lists of other things than users, by their headers.
var OtherLists = map[string]string{
	"serviceprincipalid": "sign-ins of service principals", "serviceprincipaltype": "applications", "appid": "applications",
	"deviceid": "devices", "securityenabled": "groups", "grouptype": "groups", "grouptypes": "groups",
}

// Recognise gives the alias that a header is, or the zero alias. A header that may be a private
// address ("Primary Work or Primary Home"), an id of another program ("Person ID"), or a
// [property] of somebody else or of before, is none.
func Recognise(header string) Alias {
	w := headerWords[Normalise(header)]
	key := batch.Key(w.List)
	if !slices.Contains(Keys, key) && key != IDOrUPN || Property(header) != "" && OfOthers(header) {
		return Alias{}
	}
	return Alias{w.Text, key}
}

// OfOthers reports whether a header speaks of somebody else than the user, or of before.
func OfOthers(header string) bool { return HasPart(PlainName(header), "other person") }

// MayMean reports whether a header may speak of the user who is meant, as "Leaver UPN" does.
func MayMean(header string) bool {
	return !OfOthers(header) && (upnWord.MatchString(header) || headerWords[Normalise(header)].List == rivalHeader || HasPart(PlainName(header), rivalHeader))
}

// thingID is the end of a header of ids: "Correlation ID", "DeviceId", "Geräte-ID", "Ticket GUID".
var thingID = regexp.MustCompile(`(^|[^\p{L}])(?i:id|guid|uuid|wid)$|\p{Ll}(Id|ID|Guid|GUID|Uuid|UUID)$`)

// IDOfThing reports whether a header speaks of the ids of something else than people.
func IDOfThing(header string) bool {
	return thingID.MatchString(header) && Recognise(header).Known == "" && !HasPart(Normalise(header), "names") && !HasPart(Normalise(header), "person id")
}

// MayHoldUser reports whether a key of an object may hold the user who is meant.
func MayHoldUser(key string) bool { return headerWords[Normalise(key)].List == "nested" }

// Hinted gives the headers whose columns may have the key, for the person to choose from.
func Hinted(header []string, k batch.Key) []string {
	parts := headerParts[string(k)]
	return slices.DeleteFunc(slices.Clone(header), func(h string) bool {
		return !containsAny(strings.ToLower(h), parts) && !containsAny(Normalise(h), parts)
	})
}

// HasPart reports whether a header in a looser form has a part of the list.
func HasPart(header, list string) bool { return containsAny(header, headerParts[list]) }

// IsCell reports whether a folded text is a word of the list.
func IsCell(list, text string) bool { return cellWords[list][text] }

func containsAny(s string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}

const rivalHeader = "rival"

// upnWord is UPN as a word: "Leaver UPN", "leaverUpn", and not "Group name".
var upnWord = regexp.MustCompile(`(^|[^A-Za-z])(?i:upn)([^A-Za-z]|$)|[a-z]U(PN|pn)([^a-z]|$)`)

// The lists of headers that HR systems write. Where no gate looks at a column, and a log or an
// address may have the same header, it counts only if its cells fit (see stayColumn.isStatus).
const (
	statusHeader = "status"      // says for certain whether somebody works here, in whatever words
	stat2Header  = "stat2"       // SAP's employment status, which is a number
	bareHeader   = "bare status" // a log or a list of accounts may have it, too
	placeHeader  = "place"       // the column may hold parts of addresses
	goHeader     = "go"          // the column says with yes who is meant, or has a name or a day: Approved
	KeepHeader   = "keep"        // or who is not
	NoteHeader   = "note"        // what people write beside a row
	actionHeader = "action"      // what to do, or what happened, so that any word beside one of leaving is another thing
	sidesHeader  = "sides"       // on which side of a comparison the row stands
	activeHeader = "active"      // says with yes that somebody works here
	leaverHeader = "leaver"      // says so with no
	LeftHeader   = "left"        // on which day somebody leaves
	BeganHeader  = "began"       // on which day somebody began, or began again
)

// statusPattern fits headers of statusHeader's kind in English, in normal form.
var statusPattern = regexp.MustCompile(`^(current|primary|latest|is|active)*(hr|employee|employment|emp|empl|worker|work|working|workforce|staff|person|personnel|colleague|associate|active|job|position|assignment)+status(type|group|category)?$`)

// qualified stands before the name of a column of days, in normal form.
var qualified = regexp.MustCompile(`^(actual|planned|expected|projected|scheduled|anticipated|effective|last|latest|mostrecent|original|current|new|employee|employment|contract|assignment|work)`)

// bracketed and numbered find what stands behind the words of a header: "(HR)", "[planned]"; "2",
// "2026", "per 31.12.2025".
var (
	bracketed = regexp.MustCompile(`\s*(\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|<[^>]*>|（[^）]*）|【[^】]*】)`)
	numbered  = regexp.MustCompile(`(?i)([\s_-]+(per|as of|as at|on|am|zum|stand|au|al))?[\s_-]*[0-9][0-9./-]*$`)
)

// endings may stand behind the name of a column that says for certain who works here.
var endings = []string{"", "code", "cd", "name", "description", "desc", "text", "flag", "indicator", "yn"}

// ListOf is the list of headers of HR systems that a header is in, or "".
func ListOf(header string) string {
	words := Trim(bracketed.ReplaceAllString(header, ""))
	name := Normalise(numbered.ReplaceAllString(words, ""))
	for _, text := range []string{Normalise(header), Normalise(words), name} {
		if bare, is := strings.CutSuffix(text, "dt"); is {
			text = bare + "date"
		}
		if list := headerWords[text].List; Statuses[list].Stay != nil {
			return list
		}
		for before := ""; before != text; text = qualified.ReplaceAllString(text, "") {
			if list := headerWords[text].List; list == LeftHeader || list == BeganHeader {
				return list
			}
			before = text
		}
	}
	if (strings.HasPrefix(name, "donot") || strings.HasPrefix(name, "dont")) && !strings.Contains(name, "hire") {
		return activeHeader
	}
	for _, ending := range endings {
		bare := strings.TrimSuffix(name, ending)
		switch list := headerWords[bare].List; {
		case list == activeHeader, list == statusHeader, list == leaverHeader:
			return list
		case statusPattern.MatchString(bare):
			return statusHeader
		}
	}
	return ""
}

// StatusWords are the words of one column of HR statuses.
type StatusWords struct {
	Stay, Gone map[string]bool
	Other      map[string]bool // words by which the column is something else's; nil if its name is certain
	Unsure     bool            // the column may hold something else, such as parts of addresses
	Leaver     bool            // yes, or a day, says that somebody leaves
	Known      bool            // only its words say something, and they are in one column with their contrary
	Others     bool            // or with any other word
	Sides      bool            // or say on which side of a comparison the row stands
	Decides    bool            // its yes or no says who is meant, and so does 1 or 0, or a word of refusal alone
}

// Statuses are the words of columns by the lists of their headers. Yes stands beside words in every
// column; no says that somebody left only where the header asks for it. T is true where the header
// asks for yes or no, and else terminated; F may be full-time. Of SAP's numbers 3 is active, 2 a pensioner, 0 withdrawn; 1 is called inactive and
// means employment that rests, as in parental leave.
var Statuses = map[string]StatusWords{
	statusHeader: {Stay: statusStay, Gone: GoneWords},
	bareHeader:   {Stay: statusStay, Gone: GoneWords, Other: cellWords["other"]},
	placeHeader:  {Stay: words(StayWords, cellWords["refusal"]), Gone: words(GoneWords, cellWords["consent"]), Unsure: true},
	goHeader:     {Stay: words(StayWords, noWords), Gone: words(anyStatus.Gone, yesWords), Leaver: true, Unsure: true},
	KeepHeader:   {Stay: words(StayWords, yesWords), Gone: words(GoneWords, noWords, "t"), Unsure: true},
	NoteHeader:   anyStatus,
	actionHeader: {Stay: anyStatus.Stay, Gone: anyStatus.Gone, Known: true, Others: true},
	sidesHeader:  {Stay: anyStatus.Stay, Gone: anyStatus.Gone, Known: true, Sides: true},
	activeHeader: {Stay: words(StayWords, yesWords), Gone: words(GoneWords, noWords, "t")},
	leaverHeader: {Stay: words(StayWords, noWords), Gone: words(GoneWords, yesWords), Leaver: true},
	stat2Header:  {Stay: words(StayWords, cellWords["stat2 stay"]), Gone: words(GoneWords, cellWords["stat2 gone"], "i", "inactive", "inaktiv")},
}

// StayWords are statuses of people who work here, or will again; GoneWords those of people who
// left. Who is about to leave has none of the two, and is asked about.
var (
	StayWords, GoneWords = cellWords["stay"], cellWords["gone"]
	yesWords, noWords    = cellWords["yes"], cellWords["no"]
)

// anyStatus are the words of a column of any other name.
var anyStatus = StatusWords{Stay: words(StayWords, cellWords["stay action"]), Gone: words(GoneWords, cellWords["gone action"]), Known: true}

var statusStay = words(StayWords, yesWords, "t")

// words are those of two sets, without some.
func words(some, more map[string]bool, without ...string) map[string]bool {
	all := maps.Clone(some)
	maps.Copy(all, more)
	for _, w := range without {
		delete(all, w)
	}
	return all
}

// IsWord reports whether a status is or begins with one of the words, as "Active (on leave)" and "Transfer to Paris" do.
func IsWord(words map[string]bool, status string) bool {
	status = Fold(status)
	if words[status] {
		return true
	}
	if kind, _, is := strings.Cut(status, " to "); is && words[kind] {
		return true
	}
	end := strings.IndexFunc(status, func(r rune) bool { return unicode.IsPunct(r) && r != '\'' })
	return end > 1 && words[strings.TrimRight(status[:end], " ")]
}

// between stands between a status and what tells more of it.
var between = strings.NewReplacer("-", " ", "–", " ", ":", " ", ",", " ", "(", " ", ")", " ", "/", " ")

// IsGone reports whether a status is one of the words of having left, and nothing else: what stands
// beside it may take it back, as in "Terminated - rehired" and "Leaver (future)", unless it tells how,
// as in "Terminated - Voluntary".
func IsGone(words map[string]bool, status string) bool {
	status = Fold(status)
	plain := strings.Join(strings.Fields(between.Replace(status)), " ")
	bare := Without("how gone", plain)
	return words[status] || bare != plain && words[bare]
}

// WordsOf are the words of a column by the list of its header.
func WordsOf(list string) StatusWords {
	if words, known := Statuses[list]; known || list == LeftHeader {
		return words
	}
	return anyStatus
}

// PhraseIn gives the first, by the alphabet, of the phrases that stand in a text, or "".
func PhraseIn(text string, phrases map[string]bool) (found string) {
	text = " " + strings.Join(strings.FieldsFunc(Fold(text), func(c rune) bool { return c != '\'' && (unicode.IsPunct(c) || unicode.IsSpace(c)) }), " ") + " "
	for phrase := range phrases {
		if strings.Contains(text, " "+phrase+" ") && (found == "" || phrase < found) {
			found = phrase
		}
	}
	return found
}
