package intake

import (
	"cmp"
	"slices"
	"strings"
)

// tally counts different values of a column, the first mostValues of them.
type tally map[string]int

const (
	mostValues = 1000 // that are counted of one column
	fewValues  = 5    // that people are told
	longValue  = 40   // of which no more is told, in characters
)

func (t tally) add(value string) {
	if _, known := t[value]; known || len(t) < mostValues {
		t[value]++
	}
}

// frequent gives the few most frequent values, cut to what people are told.
func (t tally) frequent() []string {
	var all []string
	for v := range t {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(t[b]-t[a], strings.Compare(a, b)) })
	all = all[:min(len(all), fewValues)]
	for i, v := range all {
		if long := []rune(v); len(long) > longValue {
			all[i] = string(long[:longValue]) + "..."
		}
	}
	return all
}
