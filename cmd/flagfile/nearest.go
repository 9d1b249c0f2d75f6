package flagfile

import "fmt"

// Nearest is the one of these names that a misspelt one may mean, in words; "" if none is near.
func Nearest(name string, of []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, other := range of {
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// distance is how many letters differ between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			differ := 1
			if a[i] == b[j] {
				differ = 0
			}
			before, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, before+differ)
		}
	}
	return row[len(b)]
}
