package graph

import (
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"
	"sync"

	"offboard/batch"
)

// This file has what an administrator gives to a sign-in: permissions and directory roles, with the
// ids by which they are given.

var (
	//go:embed permissions.csv
	permissionsCSV string
	//go:embed duties.csv
	dutiesCSV string
)

var (
	permissions = sync.OnceValue(func() [][]string { return table(permissionsCSV) })
	duties      = sync.OnceValue(func() [][]string { return table(dutiesCSV) })
)

// table reads the rows of an embedded table below its header.
func table(text string) [][]string {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		panic(err) // it is built in
	}
	return rows[1:]
}

// PermissionID is the id by which a permission is given to an app of its own, or to the app
// by which a user signs in (Microsoft Graph permissions reference); "" when it is not known.
func PermissionID(name string, ofUser bool) string {
	for _, row := range permissions() {
		if row[0] == name {
			if ofUser {
				return row[2]
			}
			return row[1]
		}
	}
	return ""
}

// roleIDs are the ids of the templates of built-in roles (Microsoft Entra documentation, built-in roles).
var roleIDs = map[string]string{
	"Authentication Administrator":            "c4e39bd9-1100-46d3-8c65-fb160da0071f",
	"Cloud Device Administrator":              "7698a772-787b-4ac8-901f-60d6b08affd2",
	"Directory Writers":                       "9360feb5-f418-4baa-8175-e2a00bac4301",
	"Global Administrator":                    "62e90394-69f5-4237-9190-012177145e10",
	"Groups Administrator":                    "fdd7a751-b60b-444a-984c-02652fe8fa1c",
	"Helpdesk Administrator":                  "729827e3-9c14-49f7-bb1b-9608f156bbb8",
	"Identity Governance Administrator":       "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",
	"Intune Administrator":                    "3a2c62db-5318-420d-8d74-23affee5d9d5",
	"License Administrator":                   "4d6ac14f-3453-41d0-bef9-a3e0c569773a",
	"Password Administrator":                  "966707d0-3269-4727-9be2-8c3a10f19b9d",
	"Privileged Authentication Administrator": "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",
	"User Administrator":                      "fe930be7-5e62-47db-91af-98c3a49a38b1",
}

// RoleID is the id of a built-in role; "" of another one.
func RoleID(name string) string { return roleIDs[name] }

// Duty is what a step takes beside its permission: one of some directory roles.
type Duty struct {
	Steps  []batch.Step
	Admins bool     // for users who are administrators; otherwise for any
	Roles  []string // any one suffices, the least first
}

// Duties are those of steps for an app of its own, or for a user who signs in (Microsoft Graph
// documentation, user resource, "Who can perform sensitive actions"; Microsoft Entra documentation, "Who can reset
// passwords"). What an app needs to revoke the sessions of administrators is not documented.
func Duties(steps []batch.Step, ofUser bool) (all []Duty) {
	for _, row := range duties() {
		d := Duty{Admins: row[2] == "administrators", Roles: strings.Split(row[3], ";")}
		for word := range strings.FieldsSeq(row[0]) {
			if slices.Contains(steps, batch.Step(word)) {
				d.Steps = append(d.Steps, batch.Step(word))
			}
		}
		if len(d.Steps) > 0 && (row[1] == "user") == ofUser {
			all = append(all, d)
		}
	}
	return all
}

// HeldBy reports whether one of the roles is held in the whole tenant.
func (d Duty) HeldBy(held []HeldRole) bool {
	return slices.ContainsFunc(held, func(h HeldRole) bool {
		return h.Scope == "/" && slices.ContainsFunc(d.Roles, func(name string) bool { return roleIDs[name] == h.ID })
	})
}
