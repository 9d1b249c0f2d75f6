package batch

import (
	"path"
	"time"
)

// Spare says which users are left alone although the input names them. It is
// asked after resolution, with what the directory says of the user, so that
// neither an alias nor another form of an id slips past.
type Spare struct {
	IDs   map[string]string // object id in lower case: why, in words
	Names []string          // patterns of user principal names, as [path.Match] reads them
	Roles map[string]string // object id of a holder of a privileged role: the role's name; not spared by itself
	Admin bool              // spare the holders of Roles, too
	Since time.Time         // spare whoever's stamp is later; zero for nobody
}

// record is how a user ends who is spared. A guest whose stamp has moved is not
// done: that stamp says nothing of sessions in the home tenant.
func (s Spare) record(u User) (Record, bool) {
	if why, ok := s.IDs[LowerASCII(u.ID)]; ok {
		return Record{Outcome: Protected, Reason: why}, true
	}
	name := LowerASCII(u.UPN)
	for _, p := range s.Names {
		if ok, err := path.Match(LowerASCII(p), name); ok || err != nil { // an unreadable pattern fails closed
			return Record{Outcome: Protected, Reason: "protected as " + p}, true
		}
	}
	if role := s.Roles[u.ID]; s.Admin && role != "" {
		return Record{Outcome: Protected, Reason: "holds the role " + role + " (--protect-privileged)"}, true
	}
	if !s.Since.IsZero() && !u.External() && u.Before.After(s.Since) {
		return Record{Outcome: Already, After: u.Before, Reason: "revoked since " + s.Since.UTC().Format(time.RFC3339)}, true
	}
	return Record{}, false
}
