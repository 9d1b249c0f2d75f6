package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// misspelt finds a variable that was surely meant to be one of these: it is not
// set, and one is whose name is a slip or two away.
func (e Environment) misspelt(names []string) error {
	for _, meant := range names {
		if e[meant] != "" {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(e)) {
			if e[name] != "" && name != meant && !slices.Contains(spellChecked[Auto], name) && slips(strings.ToUpper(name), meant) <= 2 {
				return fmt.Errorf("%s is set, and looks like a misspelt %s; rename or unset it", name, meant)
			}
		}
	}
	return nil
}

// strange lists variables that seem to be about signing in and that nothing
// reads, as the end of a message.
func (e Environment) strange() string {
	known := append(slices.Clone(spellChecked[Auto]), envUsername, "AZURE_PASSWORD", envTokenCredentials)
	var odd []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		for _, start := range []string{"AZURE_CLIENT", "AZURE_TENANT", "AZURE_CERT", "AZURE_FEDERATED", "AZURE_SECRET", "AZURE_APP_ID"} {
			if e[name] != "" && strings.HasPrefix(strings.ToUpper(name), start) && !slices.Contains(known, name) && !slices.Contains(odd, name) {
				odd = append(odd, name)
			}
		}
	}
	if len(odd) == 0 {
		return ""
	}
	return "; offboard does not read " + strings.Join(odd, ", ")
}

// slips is how many letters were left out, added, changed or swapped with the
// next one between two words (optimal string alignment).
func slips(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
