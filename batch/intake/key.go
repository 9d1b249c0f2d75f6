package intake

import "offboard/batch"

// idOrUPN is the key of a column in which each cell is an object id or a user
// principal name. Rows and claims never have it: see [keyOf].
const idOrUPN batch.Key = "id or upn"

// keys are those that --key can ask for.
var keys = []batch.Key{batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN}

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
var cellsOf = map[batch.Key]string{
	batch.ByID: "object ids", batch.ByUPN: "user principal names", idOrUPN: "user principal names",
	batch.ByMail: "mail addresses", batch.ByEmployeeID: "employee ids", batch.ByOnPremisesUPN: "on-premises user principal names",
}
