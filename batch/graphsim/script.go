package graphsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

var errZeroRate = errors.New("rate 0 never strikes; remove the fault, or leave rate out to strike always")

// ParseFaults reads a fault script: lines of "Kind name=value ...", or a JSON
// array of objects with the same names (see the package comment). An error
// names the line and what to write instead.
func ParseFaults(r io.Reader) ([]Fault, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read fault script: %w", err)
	}
	switch trimmed := bytes.TrimSpace(text); {
	case bytes.HasPrefix(trimmed, []byte("[")):
		return parseFaultArray(text)
	case bytes.HasPrefix(trimmed, []byte("{")):
		return nil, fmt.Errorf("fault script: a JSON script is an array; put [ and ] around the objects")
	}
	return parseFaultLines(string(text))
}

func parseFaultArray(text []byte) ([]Fault, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	fail := func(offset int64, err error) ([]Fault, error) {
		line := 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
		return nil, fmt.Errorf("fault script: line %d: %w", line, err)
	}
	if _, err := dec.Token(); err != nil {
		return fail(dec.InputOffset(), err)
	}
	var faults []Fault
	for dec.More() {
		var in struct {
			Fault
			Rate *float64 `json:"rate"` // told apart from an absent one
		}
		if err := dec.Decode(&in); err != nil {
			offset := dec.InputOffset()
			if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
				offset = max(offset, syntax.Offset)
			}
			return fail(offset, err)
		}
		f := in.Fault
		if in.Rate != nil {
			if f.Rate = *in.Rate; f.Rate == 0 {
				return fail(dec.InputOffset(), errZeroRate)
			}
		}
		if err := f.validate(); err != nil {
			return fail(dec.InputOffset(), err)
		}
		faults = append(faults, f)
	}
	if _, err := dec.Token(); err != nil {
		return fail(dec.InputOffset(), fmt.Errorf("the array is not closed; add ] at the end: %w", err))
	}
	if dec.More() {
		return fail(dec.InputOffset(), errors.New("something follows the array; remove it"))
	}
	return faults, nil
}

func parseFaultLines(text string) ([]Fault, error) {
	var faults []Fault
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, " #")
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		f, err := parseFault(words)
		if err != nil {
			return nil, fmt.Errorf("fault script: line %d: %w", n, err)
		}
		faults = append(faults, f)
	}
	return faults, nil
}

func parseFault(words []string) (Fault, error) {
	f := Fault{Kind: FaultKind(words[0])}
	seen := make(map[string]bool)
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok || value == "" {
			return f, fmt.Errorf("%q is no name=value; write for example rate=0.05", word)
		}
		if seen[name] {
			return f, fmt.Errorf("%s stands twice; remove one", name)
		}
		seen[name] = true
		if err := f.set(name, value); err != nil {
			return f, err
		}
	}
	return f, f.validate()
}

func (f *Fault) set(name, value string) error {
	var err error
	switch name {
	case "rate":
		if f.Rate, err = strconv.ParseFloat(value, 64); err == nil && f.Rate == 0 {
			return errZeroRate
		}
	case "from":
		f.From, err = strconv.Atoi(value)
	case "to":
		f.To, err = strconv.Atoi(value)
	case "times":
		f.Times, err = strconv.Atoi(value)
	case "match":
		f.Match = value
	case "only":
		f.Only = value
	default:
		return fmt.Errorf("%q is unknown; use rate, from, to, times, match or only", name)
	}
	if err != nil {
		return fmt.Errorf("%s=%s is no number: %w", name, value, err)
	}
	return nil
}
