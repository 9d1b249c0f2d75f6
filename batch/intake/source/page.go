package source

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxPaging is how many bytes an object has that tells of pages; others are lists of something else.
const maxPaging = 64 << 10

// paging is what an answer says of its other pages, in the keys beside its list.
type paging struct {
	other  string // why there is one, or ""
	ends   bool   // a key says whether a page follows
	totals []sized
	pages  []sized // of the elements that a page has
}

// sized is a key with a number of elements.
type sized struct {
	key string
	n   int
}

// pageKeys say what keys of answers mean, in small letters alone.
var pageKeys = []struct {
	key  *regexp.Regexp
	says func(p *paging, key string, value any)
}{
	{regexp.MustCompile(`nextlink$|^(next|prev|previous)(page|records?|results?)?(ur[il]|href|link|cursor|token|marker|offset|start|index|key|number)?$|^(is|has)?more(pages|results|items|data|records|available)?$|^hasnext(page)?$|continuationtoken$|^(is)?truncated$`), (*paging).leads},
	{regexp.MustCompile(`^(is)?last(page)?$|^(is)?(done|complete|finished)$`), (*paging).last},
	{regexp.MustCompile(`^(odata)?count$|^(total|full)(results?|count|records|rows|items|elements|hits|entries|employees|users|number|size)?$|^(records?|rows?|results?|items?|hits?)(count|total)$|^number(of)?(results|records|rows|items|users|employees|entries)$|^numfound$`), func(p *paging, key string, value any) { p.number(&p.totals, key, value) }},
	{regexp.MustCompile(`^((total|num|number|count)(of)?)?pages(count|total)?$|^(total)?pagecount$|^(current)?page(number|index|no)?$|^(offset|skip|startindex|startat)$`), (*paging).several},
	{regexp.MustCompile(`^(limit|perpage|pagesize|itemsperpage|pagelimit|size|maxresults|top)$`), func(p *paging, key string, value any) { p.number(&p.pages, key, value) }},
}

// pageObjects are keys of objects that tell of pages.
var pageObjects = regexp.MustCompile(`link|pag(e|ing|ination)|meta|cursor`)

// note takes a key beside the list.
func (p *paging) note(key string, value any) {
	name := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(key))
	for _, k := range pageKeys {
		if k.key.MatchString(name) {
			k.says(p, key, value)
		}
	}
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range slices.Sorted(maps.Keys(value)) {
			if pageObjects.MatchString(name) {
				p.note(inner, value[inner])
			}
		}
	case []any: // of links, each with what it leads to
		for _, link := range value {
			if link, is := link.(map[string]any); is && pageObjects.MatchString(name) {
				if rel, is := link["rel"].(string); is {
					p.note(rel, link["href"])
				}
			}
		}
	}
}

// says reports whether a value is something, and not a word for nothing.
func says(value any) bool {
	switch value := value.(type) {
	case map[string]any:
		return len(value) > 0
	case []any:
		return len(value) > 0
	case string:
		return value != "" && value != "0" && !strings.EqualFold(value, "false") && !strings.EqualFold(value, "null")
	}
	return value != nil && value != false && value != 0.0
}

func (p *paging) leads(key string, value any) {
	p.ends = p.ends || key[0] != 'p' // previous
	if says(value) {
		p.other = cmp.Or(p.other, fmt.Sprintf("its key %q leads to another page of the answer", key))
	}
}

func (p *paging) last(key string, value any) {
	_, is := value.(bool) // or the address of the last page
	if p.ends = p.ends || is; is && !says(value) {
		p.other = cmp.Or(p.other, fmt.Sprintf("by its key %q this is not the last page of the answer", key))
	}
}

// several takes how many pages there are, or which of them this is, counted from 0 or 1.
func (p *paging) several(key string, value any) {
	if n, is := number(value); is && n > 1 {
		p.other = cmp.Or(p.other, fmt.Sprintf("its key %q is %d, so that there is another page of the answer", key, n))
	}
}

func (p *paging) number(of *[]sized, key string, value any) {
	if n, is := number(value); is {
		*of = append(*of, sized{key, n})
	}
}

// number is a whole number, as JSON has it or as a text.
func number(value any) (n int, is bool) {
	switch value := value.(type) {
	case float64:
		return int(value), value == float64(int(value))
	case string:
		n, err := strconv.Atoi(value)
		return n, err == nil
	}
	return 0, false
}

// why says why a list of so many elements is not whole, or "".
func (p *paging) why(count int) string {
	for _, total := range p.totals {
		if total.n > count {
			return fmt.Sprintf("its key %q says %d, and it has %d", total.key, total.n, count)
		}
	}
	for _, page := range p.pages {
		if page.n == count && count > 0 && !p.ends && p.totals == nil {
			return cmp.Or(p.other, fmt.Sprintf("it has %d elements, by its key %q a page has no more, and nothing says that no page follows", count, page.key))
		}
	}
	return p.other
}
