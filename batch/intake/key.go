package intake

import (
	"fmt"
	"slices"

	"offboard/batch"
)

// idOrUPN is the key of a column in which each cell is an object id or a user
// principal name. Rows and claims never have it: see [keyOf].
const idOrUPN batch.Key = "id or upn"

// keys are those that --key can ask for.
var keys = []batch.Key{batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN}

// keyOption is the key that --key asks for, or "" when the columns decide. The
// error is an [*OptionError].
func keyOption(k batch.Key) (batch.Key, error) {
	switch {
	case k == "" || k == "auto":
		return "", nil
	case slices.Contains(keys, k):
		return k, nil
	}
	return "", &OptionError{"--key", fmt.Sprintf("no key %q: use auto, id, upn, mail, employee-id or on-premises-upn", k)}
}

// keyOf is the key of one cell in a column with the key.
func keyOf(column batch.Key, cell string) batch.Key {
	switch {
	case column != idOrUPN:
		return column
	case batch.IsGUID(cell):
		return batch.ByID
	}
	return batch.ByUPN
}

// cellsOf says in the plural what the cells of a column with the key are.
func cellsOf(k batch.Key) string {
	switch k {
	case batch.ByID:
		return "object ids"
	case batch.ByMail:
		return "mail addresses"
	case batch.ByEmployeeID:
		return "employee ids"
	case batch.ByOnPremisesUPN:
		return "on-premises user principal names"
	}
	return "user principal names"
}
