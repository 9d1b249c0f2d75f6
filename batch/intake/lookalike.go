package intake

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"

	"offboard/batch"
)

// twinsOf are characters, each with the ASCII one that it looks like.
var twinsOf = func() map[rune]rune {
	m := map[rune]rune{}
	for pair := range strings.FieldsSeq("аa еe оo рp сc хx уy іi јj ѕs ԁd һh ӏl ԛq ԝw АA ВB ЕE КK МM НH ОO РP СC ТT ХX УY ІI ЈJ ЅS " + // Cyrillic
		"οo αa ιi κk νv ρp τt υu ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX " + // Greek
		"օo սu հh ɑa ɡg ‘' ’' ʼ' ′' ´' ‐- ‑- ‒- –- —- −- 。. ․. “\" ”\"") { // Armenian, phonetic, signs
		r := []rune(pair)
		m[r[0]] = r[1]
	}
	return m
}()

// looksLike is the ASCII text that a character outside ASCII looks like, or "".
func looksLike(r rune) string {
	if a, is := twinsOf[r]; is {
		return string(a)
	}
	if plain := norm.NFKD.String(string(r)); isASCII(plain) {
		return strings.TrimSpace(plain)
	}
	return ""
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// lookalike names the letter of an address that looks like another, or that is of
// another script than the Latin ones around it; or "". A name all in one script is for the
// directory to know.
func lookalike(address string) string {
	if isASCII(address) {
		return ""
	}
	local, _, _ := strings.Cut(address, "@")
	if guest, _, is := strings.Cut(local, "#EXT#"); is { // its own domain stands behind the last _
		local = guest[:max(0, strings.LastIndex(guest, "_"))]
	}
	latin := strings.ContainsFunc(local, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
	for _, r := range local {
		if r < utf8.RuneSelf || !unicode.IsLetter(r) {
			continue
		}
		_, twin := twinsOf[r]
		switch {
		case !twin && looksLike(r) != "", latin && twin:
			return "holds " + describe(r) + ": type the name anew"
		case latin && !unicode.In(r, unicode.Latin, unicode.Common):
			return "holds " + describe(r) + ", a letter of another script among Latin ones: type the name anew"
		}
	}
	return ""
}

// describe shows a character: in quotes if it is ASCII, else with its code point, its name
// and what it looks like.
func describe(r rune) string {
	if r < utf8.RuneSelf && unicode.IsPrint(r) {
		return fmt.Sprintf("%q", string(r))
	}
	s, name := fmt.Sprintf("U+%04X", r), runenames.Name(r)
	if name != "" && name[0] != '<' {
		s += ", " + name
	}
	if unicode.IsPrint(r) && !unicode.IsMark(r) {
		s = fmt.Sprintf("%c (%s)", r, s)
	}
	if like := looksLike(r); like != "" {
		s += ", which looks like " + like
	}
	return s
}

// explain adds to the reason for which a cell is refused which character it is about.
func explain(key batch.Key, cell, why string) string {
	odd := oddInUPN
	if key == batch.ByMail {
		odd = oddInMail
	}
	_, domain, _ := strings.Cut(cell, "@")
	if strings.HasPrefix(cell, "=") {
		return whyFormula
	}
	switch why {
	case whyChar, whyMailChar, whyUnseen, whyControl:
		for _, r := range cell {
			if checkRunes(string(r), odd) == why {
				return why + ": " + describe(r)
			}
		}
	case whyDomain:
		for _, r := range domain {
			if r != '.' && checkDomain(string(r)) != "" {
				return why + ": it holds " + describe(r)
			}
		}
	}
	return why
}
