package intake

import (
	"fmt"

	"offboard/batch"
)

// kind is what a column's cells name users by.
type kind int

const (
	noKind         kind = iota
	idKind              // object ids
	upnKind             // user principal names
	eitherKind          // the cell decides
	mailKind            // mail addresses
	employeeKind        // employee ids
	onPremisesKind      // user principal names of the directory that Entra is synced from
)

func (k kind) String() string {
	switch k {
	case idKind:
		return "id"
	case upnKind:
		return "upn"
	case eitherKind:
		return "id or upn"
	case mailKind, employeeKind, onPremisesKind:
		return string(k.property())
	}
	return "none"
}

// property is the key of a kind that the directory can only be searched by,
// or "".
func (k kind) property() batch.Key {
	switch k {
	case mailKind:
		return batch.ByMail
	case employeeKind:
		return batch.ByEmployeeID
	case onPremisesKind:
		return batch.ByOnPremisesUPN
	}
	return ""
}

// claims is what a cell of the kind says of a user; of eitherKind, [kind.ofCell] says first
// which it is.
func (k kind) claims() batch.Key {
	switch k {
	case idKind:
		return batch.ByID
	case upnKind:
		return batch.ByUPN
	}
	return k.property()
}

// ofCell is the kind of a cell in a column of the kind.
func (k kind) ofCell(cell string) kind {
	switch {
	case k != eitherKind:
		return k
	case batch.IsGUID(cell):
		return idKind
	}
	return upnKind
}

// words says in the plural what the cells are.
func (k kind) words() string {
	switch k {
	case idKind:
		return "object ids"
	case mailKind:
		return "mail addresses"
	case employeeKind:
		return "employee ids"
	case onPremisesKind:
		return "on-premises user principal names"
	}
	return "user principal names"
}

// kindOfKey is the kind of column that --key asks for; noKind when the columns
// decide.
func kindOfKey(k batch.Key) (kind, error) {
	switch k {
	case "", "auto":
		return noKind, nil
	case batch.ByID:
		return idKind, nil
	case batch.ByUPN:
		return upnKind, nil
	case batch.ByMail:
		return mailKind, nil
	case batch.ByEmployeeID:
		return employeeKind, nil
	case batch.ByOnPremisesUPN:
		return onPremisesKind, nil
	}
	return noKind, &OptionError{"--key", fmt.Sprintf("no key %q: use auto, %s, %s, %s, %s or %s", k, batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN)}
}

// check says why a trimmed cell, which is not empty, names nobody by the kind,
// or "".
func (k kind) check(s string) string {
	switch k {
	case idKind:
		return checkID(s)
	case mailKind:
		return checkMail(s)
	case employeeKind:
		return checkEmployeeID(s)
	}
	return checkUPN(s)
}
