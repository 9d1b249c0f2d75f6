package graphsim

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseFaults(t *testing.T) {
	want := []Fault{
		{Kind: LostAnswer, From: 3, To: 3},
		{Kind: Item429, Rate: 0.05, Only: "write"},
		{Kind: Item504, Times: 2, Match: "guest#EXT#@contoso.com"},
	}
	for name, script := range map[string]string{
		"lines": "# the third call\n\nLostAnswer from=3 to=3\n  Item429 rate=0.05 only=write # often\r\nItem504\ttimes=2 match=guest#EXT#@contoso.com",
		"JSON": `
			[{"kind": "LostAnswer", "from": 3, "to": 3},
			 {"kind": "Item429", "rate": 0.05, "only": "write"},
			 {"kind": "Item504", "times": 2, "match": "guest#EXT#@contoso.com"}]`,
	} {
		if got, err := ParseFaults(strings.NewReader(script)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := ParseFaults(strings.NewReader("")); err != nil || len(got) != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
}

func TestParseFaultsErrors(t *testing.T) {
	tests := map[string][]string{
		"Item500\nFlood":                {"line 2", "Flood", "use one of LostAnswer"},
		"Item500 rate":                  {"line 1", `"rate"`, "rate=0.05"},
		"Item500 rate=":                 {"line 1", "rate=0.05"},
		"Item500 rate=often":            {"line 1", "no number"},
		"Item500 rate=0":                {"line 1", "never strikes"},
		"Item500 rate=2":                {"line 1", "0 to 1"},
		"Item500 rate=NaN":              {"line 1", "0 to 1"},
		"Item500 from=1.5":              {"line 1", "from=1.5"},
		"Item500 from=-1":               {"line 1", "negative"},
		"Item500 from=3 to=2":           {"line 1", "swap"},
		"Item500 times=2 times=3":       {"line 1", "twice"},
		"Item500 only=deletes":          {"line 1", "write or read"},
		"Item500 chance=1":              {"line 1", "use rate, from, to, times, match or only"},
		`{"kind":"Item500"}`:            {"put [ and ]"},
		"[\n{\"kind\":\"Flood\"}]":      {"line 2", "use one of LostAnswer"},
		"[{\"kind\":\"Item500\"}\n,,]":  {"line 2", "invalid character"},
		"[\n{\"kind\":\"Item500\"}":     {"line 2", "add ]"},
		`[{"kind":"Item500","rate":0}]`: {"line 1", "never strikes"},
		`[{"kind":"Item500","odds":1}]`: {"line 1", "odds"},
		`[{"kind":"Item500","to":"3"}]`: {"line 1", "string"},
		`[{"kind":"Item500"}] [`:        {"line 1", "follows"},
	}
	for script, texts := range tests {
		_, err := ParseFaults(strings.NewReader(script))
		if err == nil {
			t.Errorf("%q is accepted", script)
			continue
		}
		for _, text := range texts {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%q: %v; want it to say %q", script, err, text)
			}
		}
	}
}
