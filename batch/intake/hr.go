package intake

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// This file knows what HR systems write of people who leave or stay. An HR column is one
// that isHR knows by its header. Where no gate looks at it, and a log or an address may have
// the same header, it counts only if its cells fit, too (see stayColumn.counts).

// statusNames are the headers of columns that say for certain whether somebody works
// here, in whatever words.
var statusNames = wordSet(normalise,
	"Employment", "Employment State", "Employment History Status", "Status of Employment", "Contract Status",
	"Mitarbeiterstatus", "Status Mitarbeiter", "Mitarbeitendenstatus", "Beschäftigung", "Beschäftigungsstatus", "Beschäftigungsverhältnis", "Personalstatus", "Anstellungsstatus", "Arbeitsstatus", "Vertragsstatus",
	"Statut employé", "Statut de l'employé", "Statut salarié", "Statut du salarié", "Statut d'emploi", "Statut RH", "Statut contrat",
	"Estado laboral", "Estado empleado", "Estado del empleado", "Estado del trabajador", "Situación laboral",
	"Stato dipendente", "Stato lavorativo", "Situação do funcionário", "Status do funcionário", "Estado do funcionário",
	"Medewerkerstatus", "Status medewerker", "Status dienstverband", "Anställningsstatus", "Ansettelsesstatus", "Ansættelsesstatus",
)

// statusPattern fits headers of the same kind in English, in normal form.
var statusPattern = regexp.MustCompile(`^(current|primary|latest|is|active)*(hr|employee|employment|emp|empl|worker|work|working|workforce|staff|person|personnel|colleague|associate|active|job)+status(type|group|category)?$`)

// stat2Names are the headers of SAP's employment status, which is a number.
var stat2Names = wordSet(normalise, "STAT2", "P0000-STAT2", "PA0000-STAT2", "Employment Status (STAT2)", "Beschäftigungsstatus (STAT2)")

// bareNames are headers of columns of HR statuses that a log or a list of accounts may
// have, too. placeNames are those that may hold parts of addresses.
var (
	bareNames = wordSet(normalise,
		"Status", "Current Status", "User Status", "Job Status", "Assignment Status", "Lifecycle Status", "Statut", "Estatus", "Situation", "Situação")
	placeNames = wordSet(normalise, "State", "État", "Estado", "Stato", "Stan", "Stav")
)

// dateNames are the headers of columns that say when somebody leaves.
var dateNames = wordSet(normalise,
	"Termination Date", "Terminated On", "Terminated Date", "Date Terminated", "Date of Termination", "Term Date", "Effective Termination Date", "Contract Termination Date",
	"Last Day", "Last Date", "Last Day of Work", "Last Day Worked", "Last Work Day", "Last Working Day", "Last Working Date", "Last Day of Employment", "Last Employment Date",
	"Leaving Date", "Date of Leaving", "Leave Date", "Leaver Date", "Leaves On", "Date Left", "Employee Leave Date", "Employee Leave Date Time",
	"End Date", "Employment End", "Employment End Date", "End of Employment", "End Date of Employment", "Contract End", "Contract End Date", "End of Contract", "Contract Ends On", "Assignment End Date",
	"Exit Date", "Date of Exit", "Departure Date", "Date of Departure", "Separation Date", "Offboarding Date", "Release Date", "Final Day", "Relieving Date",
	"Austritt", "Austritt am", "Austrittsdatum", "Austrittstermin", "Letzter Tag", "Letzter Arbeitstag", "Letzter Beschäftigungstag", "Vertragsende", "Enddatum", "Ausscheiden am", "Ausscheidedatum", "Beschäftigungsende", "Ende der Beschäftigung", "Ende des Arbeitsverhältnisses",
	"Date de sortie", "Date de départ", "Date de fin", "Date de fin de contrat", "Fin de contrat", "Dernier jour", "Dernier jour travaillé", "Dernier jour de travail", "Date de fin d'emploi",
	"Fecha de baja", "Fecha baja", "Fecha de salida", "Fecha de terminación", "Fecha de cese", "Fecha de fin", "Fecha fin", "Fecha de fin de contrato", "Fin de contrato", "Último día", "Último día de trabajo", "Último día laborable",
	"Data cessazione", "Data di cessazione", "Data di uscita", "Data uscita", "Ultimo giorno", "Ultimo giorno di lavoro", "Data fine", "Data fine rapporto",
	"Data de saída", "Data de desligamento", "Data de demissão", "Data de término", "Último dia",
	"Datum uit dienst", "Uit dienst", "Einddatum", "Laatste werkdag", "Slutdatum", "Sista arbetsdag", "Sista dag", "Sluttdato", "Siste arbeidsdag", "Slutdato", "Sidste arbejdsdag",
)

// hireNames are the headers of columns that say when somebody began, or began again.
var hireNames = wordSet(normalise,
	"Rehire Date", "Re-hire Date", "Rehired On", "Rehired Date", "Date Rehired", "Date of Rehire", "Last Rehire Date", "Latest Rehire Date", "Most Recent Rehire Date", "Reinstatement Date",
	"Hire Date", "Hired On", "Hired Date", "Date Hired", "Date of Hire", "Hiring Date", "Original Hire Date", "Last Hire Date", "Latest Hire Date", "Most Recent Hire Date", "Current Hire Date", "New Hire Date", "Effective Hire Date", "Employee Hire Date",
	"Start Date", "Started On", "Employment Start", "Employment Start Date", "Start of Employment", "Contract Start", "Contract Start Date", "Start of Contract", "Assignment Start Date", "Work Start Date", "First Day", "First Day of Work", "First Working Day",
	"Joining Date", "Join Date", "Joined On", "Date Joined", "Date of Joining", "Entry Date", "Entry on Duty Date", "Commencement Date", "Onboarding Date", "Return Date", "Date of Return",
	"Eintritt", "Eintritt am", "Eintrittsdatum", "Eintrittstermin", "Wiedereintritt", "Wiedereintritt am", "Wiedereintrittsdatum", "Einstellung", "Einstellungsdatum", "Wiedereinstellung", "Wiedereinstellungsdatum", "Anstellungsdatum", "Erster Tag", "Erster Arbeitstag", "Vertragsbeginn", "Beschäftigungsbeginn", "Beginn der Beschäftigung", "Startdatum",
	"Date d'embauche", "Date de réembauche", "Date de rembauche", "Date d'entrée", "Date de début", "Date de début de contrat", "Début de contrat", "Premier jour",
	"Fecha de alta", "Fecha alta", "Fecha de ingreso", "Fecha de reingreso", "Fecha de contratación", "Fecha de recontratación", "Fecha de inicio", "Fecha inicio", "Primer día",
	"Data assunzione", "Data di assunzione", "Data riassunzione", "Data di riassunzione", "Data inizio", "Data inizio rapporto", "Primo giorno",
	"Data de admissão", "Data de readmissão", "Data de contratação", "Data de início", "Datum in dienst", "Indiensttreding", "Datum indiensttreding", "Begindatum", "Anställningsdatum", "Startdato", "Ansettelsesdato", "Ansættelsesdato",
)

// activeNames are the headers of columns that say with yes that somebody works here;
// those of leaverNames say so with no.
var (
	activeNames = wordSet(normalise,
		"Active", "Is Active", "Currently Active", "Active Status", "Active Employee", "Employee Active", "Active Worker", "Current Employee", "Currently Employed", "Employed", "Is Employed", "Employee Is Active", "Is Active Employee", "Worker Active", "Still Active", "Still Employed",
		"Aktiv", "Ist aktiv", "Mitarbeiter aktiv", "Aktivstatus", "Actif", "Activo", "Attivo", "Ativo", "Actief")
	leaverNames = wordSet(normalise,
		"Leaver", "Is Leaver", "Leaver Status", "Termination Status", "Terminated", "Is Terminated", "Left", "Has Left", "Left Company", "Inactive", "Is Inactive",
		"Ausgeschieden", "Inaktiv", "Inactif", "Inactivo", "Inattivo", "Inativo", "Inactief")
)

// endings may stand behind the name of a column that says for certain who works here.
var endings = []string{"", "code", "name", "description", "desc", "text", "flag", "indicator", "yn"}

// isHR reports whether a header is that of an HR column: of statuses that say whether
// somebody works here, or of the dates on which people leave or begin.
func isHR(header string) bool {
	name := normalise(header)
	return statusWordsOf(header).stay != nil || dateNames[name] || hireNames[name]
}

// statusWords are the words of one column of HR statuses; zero for any other column.
type statusWords struct {
	stay, gone map[string]bool
	other      map[string]bool // words by which the column is something else's; nil if its name is certain
	place      bool            // the column may hold parts of addresses
	leaver     bool            // yes, or a day, says that somebody leaves
}

func statusWordsOf(header string) statusWords {
	name := normalise(header)
	switch {
	case bareNames[name]:
		return statusWords{stay: statusStay, gone: statusGone, other: otherWords}
	case placeNames[name]:
		return statusWords{stay: stayWords, gone: goneWords, place: true}
	case stat2Names[name]:
		return statusWords{stay: stat2Stay, gone: stat2Gone}
	}
	for _, ending := range endings {
		switch bare := strings.TrimSuffix(name, ending); {
		case activeNames[bare]:
			return statusWords{stay: activeStay, gone: activeGone}
		case statusNames[bare], statusPattern.MatchString(bare):
			return statusWords{stay: statusStay, gone: statusGone}
		case leaverNames[bare]:
			return statusWords{stay: leaverStay, gone: leaverGone, leaver: true}
		}
	}
	return statusWords{}
}

var (
	yesWords = wordSet(fold, "yes", "y", "true", "t", "1", "ja", "j", "wahr", "oui", "o", "vrai", "sí", "s", "verdadero", "sì", "vero", "sim", "x")
	noWords  = wordSet(fold, "no", "n", "false", "f", "0", "nein", "falsch", "non", "faux", "falso", "não", "nee")
)

// Yes and no stand beside words in every column of statuses. T is true where the header
// asks for yes or no, and else terminated; F may be full-time.
var (
	statusStay, statusGone = words(stayWords, yesWords, "t"), words(goneWords, noWords, "f")
	activeStay, activeGone = words(stayWords, yesWords), words(goneWords, noWords, "t")
	leaverStay, leaverGone = words(stayWords, noWords), words(goneWords, yesWords)
)

// SAP's employment status: 3 is active, 2 a pensioner, 0 withdrawn. 1 is called inactive
// and means employment that rests, as in parental leave.
var (
	stat2Stay = words(stayWords, wordSet(fold, "3", "1"))
	stat2Gone = words(goneWords, wordSet(fold, "2", "0"), "i", "inactive", "inaktiv")
)

// words are those of two sets, without some.
func words(some, more map[string]bool, without ...string) map[string]bool {
	all := maps.Clone(some)
	maps.Copy(all, more)
	for _, w := range without {
		delete(all, w)
	}
	return all
}

// otherWords are statuses of log lines, accounts, risks and tickets.
var otherWords = wordSet(fold,
	"success", "successful", "succeeded", "failure", "failed", "interrupted", "ok", "error", "warning", "delivered", "quarantined", "sent", "allowed", "denied", "granted",
	"enabled", "disabled", "enforced", "blocked", "unblocked", "locked", "unlocked", "licensed", "unlicensed", "synced", "compliant", "not compliant", "noncompliant", "accepted", "pendingacceptance", "member", "guest",
	"compromised", "atrisk", "at risk", "confirmedcompromised", "remediated", "open", "in progress", "resolved", "completed", "done", "closed",
	"erfolg", "erfolgreich", "fehler", "fehlgeschlagen", "unterbrochen", "aktiviert", "gesperrt", "offen", "erledigt", "réussite", "réussi", "échec", "interrompu", "activé", "éxito", "correcto", "interrumpido", "habilitado", "deshabilitado",
)

// stayWords are statuses of people who work here, or will again.
var stayWords = wordSet(fold,
	"active", "a", "employed", "current", "currently employed", "working", "present", "in service", "regular", "permanent", "temporary",
	"full-time", "full time", "fulltime", "part-time", "part time", "parttime", "contractor", "contract", "intern", "trainee", "apprentice", "probation", "on probation",
	"on leave", "leave", "leave of absence", "loa", "paid leave", "unpaid leave", "sick leave", "maternity leave", "parental leave", "paternity leave", "sabbatical", "furlough", "furloughed", "absent",
	"not terminated", "not leaving", "hired", "new hire", "rehired", "re-hired", "rehire", "reinstated", "dormant", "onboarding", "preboarding", "pre-hire", "prehire", "future hire", "starter", "joiner",
	"aktiv", "nicht gekündigt", "angestellt", "beschäftigt", "in beschäftigung", "beurlaubt", "ruhend", "ruht", "elternzeit", "in elternzeit", "mutterschutz", "krank", "sabbatjahr", "probezeit", "in probezeit", "vollzeit", "teilzeit", "unbefristet", "befristet", "auszubildende", "auszubildender", "werkstudent", "freigestellt",
	"actif", "active", "actifs", "présent", "présente", "en poste", "employé", "employée", "en activité", "en congé", "congé", "congé maternité", "congé parental", "en arrêt", "arrêt maladie", "cdi", "cdd", "temps plein", "temps partiel", "période d'essai",
	"activo", "activa", "empleado", "empleada", "en activo", "de alta", "alta", "contratado", "contratada", "de licencia", "licencia", "excedencia", "vigente", "tiempo completo", "tiempo parcial",
	"attivo", "attiva", "in servizio", "assunto", "assunta", "in aspettativa", "ativo", "ativa", "empregado", "afastado", "em férias",
	"actief", "in dienst", "werkzaam", "met verlof", "aktiivinen", "anställd", "tjänstledig", "ansatt", "ansat", "permisjon", "orlov", "aktywny", "aktywna", "zatrudniony", "aktivní",
)

// goneWords are statuses of people who left, or are about to.
var goneWords = wordSet(fold,
	"inactive", "i", "terminated", "terminating", "termination", "t", "term", "termed", "left", "leaver", "leavers", "leaving", "fired", "exit", "exiting", "not employed", "past employee", "resigned", "resignation", "retired", "retiree", "deceased", "dismissed", "departed",
	"former", "former employee", "ex-employee", "separated", "discharged", "quit", "laid off", "redundant", "ended", "exited", "offboarded", "offboarding", "gone", "released",
	"deactivated", "withdrawn", "not active", "no longer employed", "notice", "on notice", "notice period", "in notice period", "contract ended", "expired",
	"retirement", "pensioner", "terminate", "terminated employee", "inactive employee", "pending termination", "to be terminated", "voluntary termination", "involuntary termination", "termination - voluntary", "termination - involuntary", "ex employee", "layoff", "laid-off", "passed away", "end of contract", "contract expired", "contract completed",
	"no longer employed here", "no longer with company", "no longer with the company", "no longer working", "not working", "job abandonment", "absconded", "relieved", "serving notice", "inactivated", "non-active", "past",
	"inaktiv", "ausgeschieden", "ausscheidend", "ausgetreten", "austritt", "austretend", "nicht beschäftigt", "nicht mehr beschäftigt", "ruhestand", "im ruhestand", "gekündigt", "kündigung", "beendet", "verlassen", "ehemalig", "ehemaliger mitarbeiter", "pensioniert", "verrentet", "in rente", "rente", "rentner", "pensionär", "austritt erfolgt", "verstorben", "deaktiviert", "entlassen", "nicht aktiv",
	"inactif", "inactive", "désactivé", "désactivée", "parti", "partie", "sorti", "sortie", "licencié", "licenciée", "démissionné", "démissionnaire", "démission", "retraité", "retraitée", "décédé", "décédée", "terminé", "résilié", "fin de contrat",
	"inactivo", "inactiva", "baja", "de baja", "dado de baja", "dada de baja", "terminado", "cesado", "cesada", "despedido", "despedida", "renunciado", "jubilado", "jubilada", "fallecido", "desvinculado", "desvinculada", "desactivado", "desactivada",
	"inattivo", "inattiva", "cessato", "cessata", "dimesso", "dimessa", "licenziato", "inativo", "inativa", "desligado", "desligada", "demitido", "demitida",
	"inactief", "uit dienst", "vertrokken", "slutat", "avslutad", "sluttet", "fratrådt", "nieaktywny", "zwolniony", "neaktivní",
)

// wordSet are the words in every way to write them, in the form in which they are
// compared.
func wordSet(form func(string) string, words ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words {
		for _, spelling := range spellings(w) {
			set[form(spelling)] = true
		}
	}
	return set
}

var german = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

// spellings are the ways to write a word: with its accents, without them, and as
// German is written in ASCII.
func spellings(word string) []string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(word))
	return []string{word, bare, german.Replace(word)}
}

// isWord reports whether a status is one of the words, or begins with one and says more
// behind a sign, as "Active - US" and "Active (on leave)" do.
func isWord(words map[string]bool, status string) bool {
	status = fold(status)
	if words[status] {
		return true
	}
	end := strings.IndexFunc(status, func(r rune) bool { return unicode.IsPunct(r) && r != '\'' })
	return end > 1 && words[strings.TrimRight(status[:end], " ")]
}

// backWords take back that somebody left, wherever they stand in a status.
var backWords = wordSet(fold, "rehired", "hired", "reinstated", "reactivated", "wiedereingestellt", "réembauché", "réembauchée", "recontratado", "recontratada", "readmitido", "riassunto", "riassunta")

// isGone reports whether a status is one of the words of having left, and does not say
// that the person came back, as "Terminated - rehired" does.
func isGone(words map[string]bool, status string) bool {
	return isWord(words, status) && !slices.ContainsFunc(
		strings.FieldsFunc(fold(status), func(r rune) bool { return !unicode.IsLetter(r) }),
		func(word string) bool { return backWords[word] })
}
